"""Equivariance: what is predicted of a turned or mirrored image is what the turn makes of the prediction.

A teacher, a slower copy of the network, predicts the labels of the image as it is; the target says what they
become in the changed image (`Target.augmented`: for a head pose R Rz(turn), then F R F), and that is what the
network is to predict of the changed one [Tarvainen and Valpola 2017, with labels that change].
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from trainables.pretext.branch import Measure
from trainables.pretext.cost import FORWARD_ALONE, Cost
from trainables.pretext.look_config import LookTaskConfig
from trainables.pretext.task import Perturbed, Uses
from trainables.pretext.task_config import BranchConfig

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.pretext.appearance import Appearance
    from trainables.pretext.equivariance_branch import EquivarianceBranch
    from trainables.pretext.fork import Fork

NAME = "equivariance"

CHANGED: Uses = ("helper",)
"""The changed view has another pose; the image as it is, for the teacher, is a label, no view."""


@dataclass(frozen=True)
class EquivariancePlan:
    """The branch before it is built."""

    momentum: float
    name: str = NAME
    loss_names: tuple[str, ...] = (NAME,)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """How far predictions are from what the teacher's become, the mean over labels, in their units."""
        return {f"{NAME}_error": Measure()}

    def build(self, fork: Fork) -> EquivarianceBranch:
        """Make the module."""
        from trainables.pretext.equivariance_branch import EquivarianceBranch

        return EquivarianceBranch(fork, NAME, momentum=self.momentum)


class Equivariance:
    """A view of each image, changed in its plane and in its look; its label has the image as it is."""

    uses = CHANGED

    def __init__(
        self, plan: EquivariancePlan, appearance: Appearance, turn_deg: float, mirror: float
    ) -> None:
        self.branches = (plan,)
        self.appearance, self.turn_deg, self.mirror = appearance, turn_deg, mirror

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return views [B, 3, H, W] and labels [B, 5, H, W].

        A label is the image as it is, whether its view is mirrored, and the view's turn in degrees.
        """
        import torch

        from trainables.pretext.in_plane import changed_in_plane

        draws = torch.rand(2, len(images), generator=generator, device=generator.device).to(images.device)
        mirrored, turn_deg = draws[0] < self.mirror, self.turn_deg * (2 * draws[1] - 1)
        changed = changed_in_plane(images, mirrored=mirrored, turn_deg=turn_deg)
        changed = self.appearance.of(changed, generator)
        change = torch.stack([mirrored.to(images.dtype), turn_deg.to(images.dtype)], dim=1)  # [B, 2]
        planes = change[:, :, None, None].expand(-1, -1, *images.shape[2:])
        return Perturbed(changed, {NAME: torch.cat([images, planes], dim=1)})


class EquivarianceConfig(LookTaskConfig):
    """What is predicted of a turned or mirrored image is what the turn makes of the prediction."""

    uses: ClassVar[Uses] = CHANGED
    pretrains: ClassVar[bool] = False

    capture_fault: ClassVar[str] = "equivariance computes what labels become on the CPU"

    flag: Literal[4] = 4
    """Always 4: the task learns through the whole trunk and the supervised head."""
    turn_deg: float = Field(30.0, ge=0.0, le=180.0)
    """Largest turn of a view, degrees, either way; above 0 it needs all labels of the target."""
    mirror: float = Field(0.5, ge=0.0, le=1.0)
    """Share of the views that are mirrored."""
    momentum: float = Field(0.99, ge=0.0, le=1.0)
    """Share of the teacher that stays in a step."""

    @model_validator(mode="after")
    def _needs_a_change_and_no_block(self) -> EquivarianceConfig:
        if self.turn_deg == 0 and self.mirror == 0:
            raise ValueError("turn_deg and mirror are both 0, and no image is changed: set one above 0")
        if self.branch != BranchConfig():
            raise ValueError("branch: equivariance learns through the supervised head: leave this out")
        return self

    @property
    def view_turn_deg(self) -> float:
        """Return the largest turn."""
        return self.turn_deg

    def build(self) -> Equivariance:
        """Make the task."""
        plan = EquivariancePlan(self.momentum)
        return Equivariance(plan, self.appearance(), turn_deg=self.turn_deg, mirror=self.mirror)

    def cost(self, completed: int, epochs: int) -> Cost:
        """Return the passes of clean images through the teacher too, of which nothing goes back."""
        cost = super().cost(completed, epochs)
        if not self.task_weight(epochs).on(completed):
            return cost
        through_teacher = FORWARD_ALONE * self.view.share * self.view.sizes.area
        return replace(cost, forwards=cost.forwards + through_teacher)

    def memory(self) -> Hashable:
        """Return that there is a teacher."""
        return super().memory(), "teacher"
