"""SimSiam (Chen and He 2021) at a flag: two views in other colours, whose features predict each other.

A task without tiles, classes and labels: it makes two views of an image, and its branch has a loss and a
measure of its own. `MomentumConfig` compares with a trunk that follows the trained one (BYOL, Grill et al.
2020).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainables.pretext.attachment import STAGES
from trainables.pretext.branch import Measure
from trainables.pretext.cost import Cost
from trainables.pretext.task import Perturbed, Uses
from trainables.pretext.task_config import TaskConfig

if TYPE_CHECKING:
    from support.simsiam_branch import MomentumBranch, SimSiamBranch
    from torch import Generator, Tensor

    from trainables.pretext.fork import Fork

TWO_VIEWS: Uses = ("helper", "both")
"""Other colours leave the pose as it is, so that it is learned from the second view too."""


@dataclass(frozen=True)
class SimSiamPlan:
    """The branch before it is built: a projector to `features` values, a predictor of `hidden` ones."""

    hidden: int
    features: int
    momentum: float | None = None
    name: str = "simsiam"

    @property
    def loss_names(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def measures(self) -> Mapping[str, Measure]:
        return {f"{self.name}_feature_std": Measure()}

    def build(self, fork: Fork) -> SimSiamBranch | MomentumBranch:
        from support.simsiam_branch import MomentumBranch, SimSiamBranch

        return SimSiamBranch(self, fork) if self.momentum is None else MomentumBranch(self, fork)


class SimSiam:
    """Two views of each image, each colour brighter or darker and moved by a value of its own."""

    uses = TWO_VIEWS

    def __init__(self, plan: SimSiamPlan, strength: float) -> None:
        self.branches = (plan,)
        self.strength = strength

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        import torch

        shape = (2, 2 * len(images), 3, 1, 1)
        draws = torch.rand(shape, generator=generator, device=generator.device).to(images.device)
        gain, shift = self.strength * (2 * draws - 1)
        return Perturbed(images.repeat(2, 1, 1, 1) * (1 + gain) + shift)


class SimSiamConfig(TaskConfig):
    """Two views of an image predict each other's features."""

    uses: ClassVar[Uses] = TWO_VIEWS

    hidden: int = Field(16, ge=4, le=512)
    """Values between the predictor's two layers."""
    features: int = Field(32, ge=4, le=2048)
    """Values that an image is projected to."""
    strength: float = Field(0.4, ge=0.1, le=1.0)
    """How far a view's colours are from the image's, as a share."""

    def plan(self) -> SimSiamPlan:
        """Return the branch."""
        return SimSiamPlan(self.hidden, self.features)

    def build(self) -> SimSiam:
        """Make the task."""
        return SimSiam(self.plan(), self.strength)

    def memory(self) -> Hashable:
        """Return the sizes of projector and predictor too."""
        return super().memory(), self.hidden, self.features


class MomentumConfig(SimSiamConfig):
    """Two views of an image predict what a slower copy of the network says of the other."""

    momentum: float = Field(0.9, ge=0.0, le=1.0)
    """Share of the copy that stays in a step; it rises to 1 over the run."""

    def plan(self) -> SimSiamPlan:
        """Return the branch with its copy."""
        return SimSiamPlan(self.hidden, self.features, self.momentum, "momentum")

    def cost(self, completed: int, epochs: int) -> Cost:
        """Return the passes through the copy too."""
        cost = super().cost(completed, epochs)
        if not self.task_weight(epochs).on(completed):
            return cost
        copied = len(self.uses) * self.view.share * self.flag / STAGES
        return replace(cost, forwards=cost.forwards + copied)

    def pretraining_cost(self) -> Cost:
        """Return the passes through the copy too."""
        return replace(super().pretraining_cost(), forwards=2.0 * len(self.uses))

    def memory(self) -> Hashable:
        """Return that there is a copy."""
        return super().memory(), "copy"
