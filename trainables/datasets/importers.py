"""The raw datasets that can be imported: one file each, one row here."""

from __future__ import annotations

from trainables.datasets.aflw2000 import AFLW2000Config
from trainables.datasets.biwi import BIWIConfig
from trainables.datasets.eth_xgaze import ETHXGazeConfig
from trainables.datasets.folder import FolderConfig
from trainables.datasets.raw import ImportConfig
from trainables.datasets.w300lp import W300LPConfig

IMPORTERS: dict[str, type[ImportConfig]] = {
    "300w-lp": W300LPConfig,
    "aflw2000": AFLW2000Config,
    "biwi": BIWIConfig,
    "eth-xgaze": ETHXGazeConfig,
    "folder": FolderConfig,
}
"""Importers by the name that the command line calls them by."""
