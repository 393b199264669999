"""Random initial weights, which follow from the run's seed."""

from __future__ import annotations

from pathlib import Path

from trainables.base.schema import Config
from trainables.model.backbones import Backbone
from trainables.model.inits.request import InitRequest


class RandomConfig(Config):
    """Random weights that follow from the seed."""

    @property
    def is_random(self) -> bool:
        """Return True."""
        return True

    @property
    def pretraining(self) -> None:
        """Return None: nothing is trained first."""

    @property
    def files(self) -> tuple[str, ...]:
        """None."""
        return ()

    def incompatibility(self, backbone: Backbone, image_px: int) -> None:
        """Return None: every network can start from random weights."""

    def check(self, request: InitRequest, *, datasets: Path) -> None:
        """Do nothing: random weights are always to be had."""

    def trunk(self, request: InitRequest, *, datasets: Path, store: Path) -> None:
        """Return None: there is no file."""
