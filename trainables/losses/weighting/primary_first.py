"""Primary first: the helper never slows the pose to first order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from trainables.losses.weighting.primary_first_weighting import PrimaryFirstWeighting


class PrimaryFirstConfig(Config):
    """The helper's gradient loses its part against the pose's, which stays whole.

    To first order the pose's losses then fall at least as fast as without a helper.
    """

    def build(self, weights: Mapping[str, LossWeight]) -> PrimaryFirstWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.primary_first_weighting import PrimaryFirstWeighting

        return PrimaryFirstWeighting(weights)
