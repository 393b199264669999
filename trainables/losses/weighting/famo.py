"""FAMO: what fell less in the last step counts more [Liu et al. 2023, arXiv:2306.03792]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from trainables.losses.weighting.famo_weighting import FamoWeighting


class FamoConfig(Config):
    """Logarithms of losses fall alike: `sum of w_i f_i L_i`, f_i in proportion to `softmax(logits)_i / L_i`.

    The factors' mean is 1. After each step the batch is forwarded once more, and a loss whose logarithm fell
    less than others' gets a larger logit. It weighs a loss by its inverse: a task that is
    almost solved would take over, which `most` and `floor` prevent.
    """

    lr: float = Field(0.025, gt=0.0)
    """Learning rate of the logits, by Adam."""
    weight_decay: float = Field(0.001, ge=0.0)
    """Weight decay of the logits: the larger, the more alike they stay."""
    most: float = Field(1.0, gt=0.0)
    """A helper's factor is at most so many times the least of the pose's."""
    floor: float = Field(0.01, gt=0.0)
    """A loss below it, or below 0, counts as this much: its weight no longer grows."""

    @property
    def forwards_again(self) -> float:
        """Return one pass for each image of a step."""
        return 1.0

    def build(self, weights: Mapping[str, LossWeight]) -> FamoWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.famo_weighting import FamoWeighting

        return FamoWeighting(
            weights, lr=self.lr, weight_decay=self.weight_decay, most=self.most, floor=self.floor
        )
