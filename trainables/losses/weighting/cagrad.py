"""CAGrad: the step that helps the worse off of pose and helper most [Liu et al. 2021, arXiv:2110.14048]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.losses.weighting.group_weighting import GroupWeighting


class CAGradConfig(Config):
    """Of all steps near the sum of the gradients the one along which the slower of the two falls most."""

    c: float = Field(0.5, ge=0.0, lt=1.0)
    """How far from the sum a step may be, as a share of its length; 0 is the sum itself. The step is divided
    by 1 + c^2, as its authors have it."""

    backs_again: ClassVar[float] = 1.0

    def build(self, weights: Mapping[str, LossWeight]) -> GroupWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.group_weighting import GroupWeighting, conflict_averse

        def combine(pose: Tensor, helper: Tensor) -> Tensor:
            return conflict_averse(pose, helper, self.c) / (1 + self.c**2)

        return GroupWeighting(weights, combine)
