"""Cosine: the learning rate falls along half a cosine over the whole run; a warm-up may come first."""

from __future__ import annotations

import math

from pydantic import Field

from trainables.base.schema import Config


class Cosine:
    """From 1 in the first of `epochs` towards `floor`, which the epoch after the last would have.

    In `warmup` epochs before, the factor rises in equal steps to that 1: in the first of two it is 1/3.
    """

    def __init__(self, epochs: int, floor: float, warmup: int = 0) -> None:
        self.epochs, self.floor, self.warmup = epochs, floor, warmup

    def factor(self, completed: int) -> float:
        """Return the factor of the epoch after `completed` epochs."""
        if completed < self.warmup:
            return (completed + 1) / (self.warmup + 1)
        progress = min((completed - self.warmup) / max(self.epochs - self.warmup, 1), 1.0)
        return self.floor + (1.0 - self.floor) * (1.0 + math.cos(math.pi * progress)) / 2.0


class CosineConfig(Config):
    """The learning rate falls along half a cosine."""

    floor: float = Field(0.0, ge=0.0, lt=1.0)
    """The share of the learning rate that the curve ends at."""
    warmup_epochs: int = Field(0, ge=0)
    """Epochs at the start in which the rate rises in equal steps; the cosine has the rest of the run."""

    def build(self, epochs: int) -> Cosine:
        """Make the schedule of a run of this many epochs."""
        return Cosine(epochs, self.floor, self.warmup_epochs)
