"""What a network asks a source of initial weights for."""

from __future__ import annotations

from dataclasses import dataclass

from trainables.data.sources import TrainSource
from trainables.model.backbones import Backbone

TRUNK = "trunk.pt"
"""The file of a trunk's weights in its folder below the store of initial weights."""


@dataclass(frozen=True)
class InitRequest:
    """The network to initialise: all that a source of weights may take from the training config."""

    backbone: Backbone
    image_px: int
    train: TrainSource
    seed: int | None = None
    """The run's seed, where the weights depend on it, as those of `init.ssl.seed: trial` do; else None."""
