"""Random initial weights, which follow from the run's seed."""

from __future__ import annotations

from pathlib import Path

from trainables.inits.init import Wanted
from trainables.network import Backbone
from trainables.schema import Config


class RandomConfig(Config):
    """Random weights that follow from the seed."""

    def misfit(self, backbone: Backbone, image_px: int) -> None:
        """Return None: every network can."""

    def trunk(self, wanted: Wanted, *, datasets: Path, store: Path) -> None:
        """Return None: there is no file."""
