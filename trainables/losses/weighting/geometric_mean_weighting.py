"""The module of the weighting `geometric_mean`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class GeometricMeanWeighting(nn.Module):
    """`exp(sum of w_i log(L_i + floor) / sum of w_i)`; losses must not be below 0."""

    rates = Rates()

    def __init__(self, weights: Mapping[str, LossWeight], floor: float) -> None:
        super().__init__()
        self.weights, self.floor = dict(weights), floor

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        """Return the mean []; every loss must have a weight."""
        values = [self.weights[name].value(completed) for name in losses]
        logs = [
            value * (loss + self.floor).log() for value, loss in zip(values, losses.values(), strict=True)
        ]
        return (torch.stack(logs).sum() / sum(values)).exp()

    def learned(self) -> dict[str, float]:
        """Return nothing: no weight is learned."""
        return {}
