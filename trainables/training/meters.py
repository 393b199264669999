"""Running sums over the steps of an epoch."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from trainables.pretext.task import BranchSpec
from trainables.training.metrics import PretextScore


class EpochMeter:
    """Losses and accuracies summed over steps, on the device, so that no step waits for them."""

    def __init__(self) -> None:
        self.images = 0
        self.steps = 0
        self._losses: tuple[str, ...] = ()
        self._branches: tuple[str, ...] = ()
        self._sum = torch.zeros(())

    def add(self, images: int, losses: Mapping[str, Tensor], hit_rates: Mapping[str, Tensor]) -> None:
        """Add a step over this many images: losses [] and, by branch, the share of right answers []."""
        values = torch.stack([*losses.values(), *hit_rates.values()]).detach().double()
        self._sum = values if self.steps == 0 else self._sum + values
        self._losses, self._branches = tuple(losses), tuple(hit_rates)
        self.images += images
        self.steps += 1

    def finite(self) -> bool:
        """Return whether every loss so far was a finite number; this waits for the device."""
        return bool(torch.isfinite(self._sum).all())

    def losses(self) -> dict[str, float]:
        """Return the mean of each loss over the steps."""
        return dict(zip(self._losses, self._means(), strict=False))

    def scores(self, branches: Mapping[str, BranchSpec]) -> dict[str, PretextScore]:
        """Return the accuracy of each branch over the steps, beside its chance level."""
        accuracies = self._means()[len(self._losses) :]
        return {
            name: PretextScore(accuracy, branches[name].chance)
            for name, accuracy in zip(self._branches, accuracies, strict=True)
        }

    def _means(self) -> list[float]:
        means: list[float] = (self._sum / self.steps).tolist()
        return means
