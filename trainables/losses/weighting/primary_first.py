"""Primary first: the helper never slows the pose to first order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.losses.weighting.group_weighting import GroupWeighting


class PrimaryFirstConfig(Config):
    """The helper's gradient loses its part against the pose's, which stays whole.

    To first order the pose's losses then fall at least as fast as without a helper.
    """

    backs_again: ClassVar[float] = 1.0

    def build(self, weights: Mapping[str, LossWeight]) -> GroupWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.group_weighting import GroupWeighting, without_conflict

        def combine(pose: Tensor, helper: Tensor) -> Tensor:
            return pose + without_conflict(helper, pose)

        return GroupWeighting(weights, combine)
