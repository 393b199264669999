"""The raw datasets that can be imported: one file each, one row here."""

from __future__ import annotations

from trainables.base.table import Table
from trainables.data.datasets.aflw2000 import AFLW2000Config
from trainables.data.datasets.biwi import BIWIConfig
from trainables.data.datasets.eth_xgaze import ETHXGazeConfig
from trainables.data.datasets.folder import FolderConfig
from trainables.data.datasets.raw import ImporterConfig
from trainables.data.datasets.w300lp import W300LPConfig

IMPORTERS = Table[ImporterConfig](
    "importers",
    {
        "300w-lp": W300LPConfig,
        "aflw2000": AFLW2000Config,
        "biwi": BIWIConfig,
        "eth-xgaze": ETHXGazeConfig,
        "folder": FolderConfig,
    },
)
"""Importers by their name on the command line."""
