"""The interface of a loader: batches of images and labels, one epoch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from torch import Tensor


class Batch(Protocol):
    """Images and their labels."""

    @property
    def images(self) -> Tensor:
        """Normalised RGB, float32 [B, 3, H, W]."""

    @property
    def labels(self) -> Tensor:
        """True labels in the target's units, float32 [B, L]."""


class BatchSource(Protocol):
    """What training needs of a loader."""

    @property
    def wait_s(self) -> float:
        """Seconds that the consumer waited for data in the last epoch."""

    def epoch(self, seed: int) -> Iterator[Batch]:
        """Yield the batches of one epoch; everything random in it follows from `seed`."""
