"""GCS: the helper counts by how far it agrees with the pose [Du et al. 2018, arXiv:1812.02224]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from trainables.losses.weighting.gcs_weighting import GcsWeighting


class GcsConfig(Config):
    """The helper's gradient counts by its cosine with the pose's, and not at all where that is below 0."""

    def build(self, weights: Mapping[str, LossWeight]) -> GcsWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.gcs_weighting import GcsWeighting

        return GcsWeighting(weights)
