"""What a source of initial weights is: it names the file with the trunk, or the training that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trainables.data.sources import TrainSource
from trainables.model.network import Backbone
from trainables.training.pretraining import Pretraining


@dataclass(frozen=True)
class InitRequest:
    """The network that is to start from somewhere: all that a source may take from its training config."""

    backbone: Backbone
    image_px: int
    train: TrainSource


class InitConfig(Protocol):
    """The settings of a source of initial weights."""

    def incompatibility(self, backbone: Backbone, image_px: int) -> str | None:
        """Return why no such network can start from here, or None."""

    def trunk(self, request: InitRequest, *, datasets: Path, store: Path) -> Path | Pretraining | None:
        """Return the file with the trunk's weights, the pretraining that makes them, or None for random ones.

        Weights that lie elsewhere are copied below `store` first, so that every machine of a cluster finds
        them. Raises `InputError` where they are not to be had or belong to another backbone.
        """
