"""GCS: the helper counts by how far it agrees with the pose [Du et al. 2018, arXiv:1812.02224]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.losses.weighting.group_weighting import GroupWeighting


class GcsConfig(Config):
    """The helper's gradient counts by its cosine with the pose's, and not at all where that is below 0."""

    backs_again: ClassVar[float] = 1.0

    def build(self, weights: Mapping[str, LossWeight]) -> GroupWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from torch.nn.functional import cosine_similarity

        from trainables.losses.weighting.group_weighting import GroupWeighting

        def combine(pose: Tensor, helper: Tensor) -> Tensor:
            return pose + cosine_similarity(pose, helper, dim=0).clamp(min=0) * helper

        return GroupWeighting(weights, combine)
