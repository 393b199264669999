"""Fixed weights: the sum of the losses, each times its configured weight [paper, formulas 1 to 3]."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from trainables.base.schema import Config


class FixedWeighting(nn.Module):
    """`sum of w_i L_i`; the weights never change."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__()
        self.weights = dict(weights)

    def total(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted sum []; every loss must have a weight."""
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()


class FixedConfig(Config):
    """Fixed weights: 1 for each angle, the task's `ssl_weight` for each of its branches."""

    def build(self, weights: Mapping[str, float]) -> FixedWeighting:
        """Make the weighting for losses with these names and weights."""
        return FixedWeighting(weights)
