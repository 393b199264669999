"""What a session trains on: a source of batches, an epoch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from torch import Tensor


class Batch(Protocol):
    """Pictures and their poses."""

    @property
    def images(self) -> Tensor:
        """Normalised RGB, float32 [B, 3, H, W]."""

    @property
    def pose_deg(self) -> Tensor:
        """True angles in degrees, float32 [B, A]."""


class BatchSource(Protocol):
    """A loader, as a session sees it."""

    @property
    def wait_s(self) -> float:
        """Seconds that the consumer of the last epoch waited for data."""

    def epoch(self, seed: int) -> Iterator[Batch]:
        """Yield the batches of one epoch; all that is random in it follows from `seed`."""
