"""Random weights: a control that any weighting must beat [Lin et al. 2022, arXiv:2111.10603]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    from trainables.losses.weighting.random_weighting import RandomWeighting


class RandomConfig(Config):
    """Every step draws new factors, `T softmax(z)` with normal z for T losses: a control for all others."""

    capture_fault: ClassVar[str] = "random draws the factors of each step on the CPU"

    def build(self, weights: Mapping[str, LossWeight]) -> RandomWeighting:
        """Make the weighting of losses by name, each with its weight."""
        from trainables.losses.weighting.random_weighting import RandomWeighting

        return RandomWeighting(weights)
