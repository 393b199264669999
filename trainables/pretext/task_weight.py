"""How a pretext task's weight changes over a run: it stays or falls, and is off from some epoch on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

WeightSchedule = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class TaskWeight:
    """The factor of `ssl_weight`: 1 at the beginning, 0 from the share `end` of `epochs` on.

    Until then it stays (`constant`) or falls along a line (`linear`) or half a cosine (`cosine`). See
    `trainables.optim.schedules.Schedule`.
    """

    kind: WeightSchedule
    end: float
    epochs: int

    def factor(self, completed: int) -> float:
        """Return the factor in the epoch after `completed` epochs."""
        progress = completed / (self.end * self.epochs)
        if progress >= 1:
            return 0.0
        match self.kind:
            case "constant":
                return 1.0
            case "linear":
                return 1.0 - progress
            case "cosine":
                return (1.0 + math.cos(math.pi * progress)) / 2.0
