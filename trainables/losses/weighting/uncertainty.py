"""Uncertainty: each loss is divided by a variance that is learned [Kendall et al. 2018, arXiv:1705.07115]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates

if TYPE_CHECKING:
    from trainables.losses.weighting.uncertainty_weighting import UncertaintyWeighting


class UncertaintyConfig(Config):
    """Losses are divided by learned variances: `sum of w_i (L_i / (2 exp s_i) + s_i / 2)`, in LibMTL's form.

    It weighs a loss by its inverse: a task that is almost solved would take over, which `most` prevents.
    """

    start: float = Field(-0.5, ge=-10.0, le=10.0)
    """The first logarithm of each variance, s."""
    lr: float = Field(0.025, gt=0.0)
    """Learning rate of s at first; it falls with the network's, by `schedule`."""
    most: float = Field(1.0, gt=0.0)
    """A helper's learned factor is at most so many times the least of the pose's."""

    def build(self, weights: Mapping[str, LossWeight]) -> UncertaintyWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.uncertainty_weighting import UncertaintyWeighting

        return UncertaintyWeighting(weights, self.start, self.most, Rates(self.lr, weight_decay=0.0))
