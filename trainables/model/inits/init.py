"""What a source of initial weights is: it returns the trunk's file, or the pretraining that makes it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from trainables.model.backbones import Backbone
from trainables.model.inits.request import InitRequest
from trainables.model.inits.ssl import Pretraining, SslConfig


class InitConfig(Protocol):
    """The settings of a source of initial weights."""

    @property
    def is_random(self) -> bool:
        """Whether the weights are random, and follow from the run's seed alone."""

    @property
    def pretraining(self) -> SslConfig | None:
        """The self-supervised pretraining that makes the weights; None where they need none."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that the user names, whose content belongs to what a trial means."""

    def incompatibility(self, backbone: Backbone, image_px: int) -> str | None:
        """Return why no such network can start from here, or None."""

    def check(self, request: InitRequest, *, datasets: Path) -> None:
        """Check that the weights can be had, as far as that is known without fetching or writing anything.

        Raises `InputError` as `trunk` does.
        """

    def trunk(self, request: InitRequest, *, datasets: Path, store: Path) -> Path | Pretraining | None:
        """Return the file with the trunk's weights, the pretraining that makes them, or None for random ones.

        Weights that lie elsewhere are copied below `store` first, so that every machine of a cluster finds
        them. Raises `InputError` where they cannot be obtained or belong to another backbone.
        """
