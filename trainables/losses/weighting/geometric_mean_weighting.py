"""The module of the weighting `geometric_mean`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class GeometricMeanWeighting(nn.Module):
    """`exp(sum of w_i log(L_i + floor) / sum of w_i)`; signed losses, times w_i, are added to it."""

    rates = Rates()

    def __init__(self, weights: Mapping[str, LossWeight], floor: float) -> None:
        super().__init__()
        self.weights, self.floor = dict(weights), floor

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        """Return the mean []; every loss must have a weight."""
        terms, values, logs = [], [], []
        for name, loss in losses.items():
            weight = self.weights[name]
            if weight.signed:
                terms.append(weight.times(loss, completed))
            else:
                values.append(weight.value(completed))
                logs.append(values[-1] * (loss + self.floor).log())
        if logs:
            terms.append((torch.stack(logs).sum() / sum(values)).exp())
        return torch.stack(terms).sum()

    def learned(self) -> dict[str, float]:
        """Return nothing: no weight is learned."""
        return {}
