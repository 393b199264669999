"""The configured weight of a loss, and how it changes over a run: it stays or falls, and may end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

WeightSchedule = Literal["constant", "linear", "cosine"]
Group = Literal["pose", "helper"]
"""Whose loss it is: the supervised head's, or a branch's."""

ROUNDING = 1e-9
"""Epochs by which a product of floats may miss a whole number: 0.55 of 100 is 55.00000000000001."""


@dataclass(frozen=True)
class LossWeight:
    """`weight` times a factor: 1 at the beginning, 0 from the share `end` of `epochs` on.

    Until then it stays (`constant`) or falls along a line (`linear`) or half a cosine (`cosine`). See
    `trainables.optim.schedules.Schedule`. A `signed` loss may be below 0, where it has no logarithm and its
    inverse says nothing: what weighs losses by these leaves it its weight.
    """

    weight: float = 1.0
    kind: WeightSchedule = "constant"
    end: float = math.inf
    epochs: int = 1
    group: Group = "pose"
    signed: bool = False

    def on(self, completed: int) -> bool:
        """Return whether the loss counts in the epoch after `completed` epochs."""
        return completed < self.end * self.epochs - ROUNDING

    def factor(self, completed: int) -> float:
        """Return the factor in the epoch after `completed` epochs."""
        if not self.on(completed):
            return 0.0
        progress = completed / (self.end * self.epochs)
        match self.kind:
            case "constant":
                return 1.0
            case "linear":
                return 1.0 - progress
            case "cosine":
                return (1.0 + math.cos(math.pi * progress)) / 2.0

    def value(self, completed: int) -> float:
        """Return the weight in the epoch after `completed` epochs."""
        return self.weight * self.factor(completed)

    def times(self, loss: Tensor, completed: int) -> Tensor:
        """Return the weighted loss; the factor first, as older versions did, whose digits so stay."""
        return self.weight * (self.factor(completed) * loss)
