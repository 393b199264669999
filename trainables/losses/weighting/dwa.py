"""Dynamic weight average: what falls more slowly counts more [Liu et al. 2019, arXiv:1803.10704]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from trainables.losses.weighting.dwa_weighting import DwaWeighting


class DwaConfig(Config):
    """Losses that fell less from one epoch to the next count more: `w_i T softmax(r / temperature)_i`.

    There are T losses; r_i is the mean of loss i in the last epoch divided by that in the one before. In the
    first two epochs the factors are 1.
    """

    temperature: float = Field(2.0, gt=0.0)
    """The larger, the more alike the factors are."""

    def build(self, weights: Mapping[str, LossWeight]) -> DwaWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.dwa_weighting import DwaWeighting

        return DwaWeighting(weights, self.temperature)
