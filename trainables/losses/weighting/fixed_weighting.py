"""The module of the weighting `fixed`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class FixedWeighting(nn.Module):
    """`sum of w_i L_i`; the weights change by their schedules alone."""

    rates = Rates()

    def __init__(self, weights: Mapping[str, LossWeight]) -> None:
        super().__init__()
        self.weights = dict(weights)

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        """Return the weighted sum []; every loss must have a weight."""
        return torch.stack([self.weights[name].times(loss, completed) for name, loss in losses.items()]).sum()

    def learned(self) -> dict[str, float]:
        """Return nothing: no weight is learned."""
        return {}
