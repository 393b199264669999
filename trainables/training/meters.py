"""Running sums over the steps of an epoch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class EpochMeter:
    """Losses and measures summed over steps, on the device, so that no step waits for them."""

    def __init__(self) -> None:
        self.images = 0
        self.steps = 0
        self._losses: tuple[str, ...] = ()
        self._measures: tuple[str, ...] = ()
        self._sum = torch.zeros(())

    def add(self, images: int, losses: Mapping[str, Tensor], measures: Mapping[str, Tensor]) -> None:
        """Add a step over this many images: losses [] and measures [] by name."""
        values = torch.stack([*losses.values(), *measures.values()]).detach().double()
        self._sum = values if self.steps == 0 else self._sum + values
        self._losses, self._measures = tuple(losses), tuple(measures)
        self.images += images
        self.steps += 1

    def finite(self) -> bool:
        """Return whether every loss so far was a finite number; this waits for the device."""
        return bool(torch.isfinite(self._sum).all())

    def losses(self) -> dict[str, float]:
        """Return the mean of each loss over the steps."""
        return dict(zip(self._losses, self._means(), strict=False))

    def measures(self) -> dict[str, float]:
        """Return the mean of each measure over the steps."""
        return dict(zip(self._measures, self._means()[len(self._losses) :], strict=True))

    def _means(self) -> list[float]:
        means: list[float] = (self._sum / self.steps).tolist()
        return means
