"""PCGrad: gradients against each other are made perpendicular [Yu et al. 2020, arXiv:2001.06782]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.losses.weighting.group_weighting import GroupWeighting


class PCGradConfig(Config):
    """Where the gradients of pose and helper are at odds, each loses its part against the other."""

    backs_again: ClassVar[float] = 1.0

    def build(self, weights: Mapping[str, LossWeight]) -> GroupWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.group_weighting import GroupWeighting, without_conflict

        def combine(pose: Tensor, helper: Tensor) -> Tensor:
            return without_conflict(pose, helper) + without_conflict(helper, pose)

        return GroupWeighting(weights, combine)
