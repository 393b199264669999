"""The module of the weighting `fixed`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class FixedWeighting(nn.Module):
    """`sum of w_i L_i`; the weights never change."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__()
        self.weights = dict(weights)

    def total(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted sum []; every loss must have a weight."""
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()
