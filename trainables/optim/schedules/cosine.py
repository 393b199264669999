"""Cosine: the learning rate falls along half a cosine over the whole run."""

from __future__ import annotations

import math

from pydantic import Field

from trainables.base.schema import Config


class Cosine:
    """From 1 in the first of `epochs` towards `floor`, which the epoch after the last would have."""

    def __init__(self, epochs: int, floor: float) -> None:
        self.epochs = epochs
        self.floor = floor

    def factor(self, completed: int) -> float:
        """Return the factor of the epoch after `completed` epochs."""
        progress = min(completed / self.epochs, 1.0)
        return self.floor + (1.0 - self.floor) * (1.0 + math.cos(math.pi * progress)) / 2.0


class CosineConfig(Config):
    """The learning rate falls along half a cosine."""

    floor: float = Field(0.0, ge=0.0, lt=1.0)
    """The share of the learning rate that the curve ends at."""

    def build(self, epochs: int) -> Cosine:
        """Make the schedule of a run of this many epochs."""
        return Cosine(epochs, self.floor)
