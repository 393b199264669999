"""Makes what the checks train on, so that a borrowed machine spends no time on it: `run --make-data DIR`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from checks.table1 import table1_configs
from material import blobs, jpegs

from trainables.training.training_data import ensure_data

JPEGS: Mapping[int, int] = MappingProxyType({64: 2560, 112: 5120, 224: 2560})
"""How many images of each side, in pixels: the most that a check asks for on a GPU."""


def make_data(folder: Path) -> None:
    """Make all that is not there yet; it takes minutes, and rendering needs embreex and scipy."""
    for px, count in JPEGS.items():
        print(f"{count} images of {px} px", flush=True)
        jpegs(folder, count, px)
    blobs(folder / "datasets", "many", 3000)
    print("the rendered heads of table 1", flush=True)
    ensure_data(table1_configs()[0], folder / "datasets", lambda done, total: None)
