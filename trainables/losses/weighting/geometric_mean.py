"""Geometric mean of the losses, future work in the paper [Chennupati et al. 2019, arXiv:1904.08492]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from trainables.losses.weighting.geometric_mean_weighting import GeometricMeanWeighting


class GeometricMeanConfig(Config):
    """The losses' weighted geometric mean: `exp(sum of w_i log(L_i + floor) / sum of w_i)`.

    It weighs a loss by its inverse: without a floor a task that is almost solved would take over.
    """

    floor: float = Field(1.0, gt=0.0)
    """Added to each loss; one that is far below it no longer gains weight."""

    def build(self, weights: Mapping[str, LossWeight]) -> GeometricMeanWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.geometric_mean_weighting import GeometricMeanWeighting

        return GeometricMeanWeighting(weights, self.floor)
