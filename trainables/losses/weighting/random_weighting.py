"""The module of the weighting `random`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import torch
from torch import Tensor, nn

from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class RandomWeighting(nn.Module):
    """`sum of w_i f_i L_i` with factors f drawn anew for every step.

    They follow from the step's number and the loss's name, so that a run that was interrupted goes on as one
    that was not, and no other random number is drawn differently for them.
    """

    rates = Rates()

    def __init__(self, weights: Mapping[str, LossWeight]) -> None:
        super().__init__()
        self.weights = dict(weights)
        self._step = 0

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        """Return the weighted sum []; every loss must have a weight."""
        counted = [name for name in losses if self.weights[name].value(completed)]
        drawn = torch.stack([self._normal(name) for name in counted] or [torch.zeros(())])
        factors = dict(zip(counted, (len(counted) * torch.softmax(drawn, dim=0)).tolist(), strict=False))
        self._step += 1
        terms = [
            self.weights[name].times(factors.get(name, 1.0) * loss, completed)
            for name, loss in losses.items()
        ]
        return torch.stack(terms).sum()

    def learned(self) -> dict[str, float]:
        """Return nothing: no weight is learned."""
        return {}

    def get_extra_state(self) -> int:
        """Return the steps made, for the checkpoint."""
        return self._step

    def set_extra_state(self, state: Any) -> None:
        """Take over what `get_extra_state` returned."""
        self._step = int(state)

    def _normal(self, name: str) -> Tensor:
        generator = torch.Generator().manual_seed(crc32(f"{name} {self._step}".encode()))
        return torch.randn((), generator=generator)
