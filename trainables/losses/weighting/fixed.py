"""Fixed weights: the sum of the losses, each times its configured weight [paper, formulas 1 to 3]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from trainables.losses.weighting.fixed_weighting import FixedWeighting


class FixedConfig(Config):
    """Fixed weights: 1 for each loss of the head, the task's `ssl_weight` for each of its branches."""

    def build(self, weights: Mapping[str, LossWeight]) -> FixedWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.fixed_weighting import FixedWeighting

        return FixedWeighting(weights)
