"""Several: more than one helper at once, each with a flag, a weight and a copy of the batch of its own."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import model_validator

from trainables.base.capture import capture_fault
from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.pretext.attachment import STAGES, Attachment
from trainables.pretext.branch import Branch, BranchPlan, Measure
from trainables.pretext.cost import Cost
from trainables.pretext.embeddings.barlow_twins import BarlowTwinsConfig
from trainables.pretext.embeddings.byol import ByolConfig
from trainables.pretext.embeddings.simsiam import SimSiamConfig
from trainables.pretext.embeddings.vicreg import VicregConfig
from trainables.pretext.equivariance import EquivarianceConfig
from trainables.pretext.inpainting import InpaintingConfig
from trainables.pretext.pretext_config import PretextConfig
from trainables.pretext.puzzling import PuzzlingConfig
from trainables.pretext.puzzling_rotation import PuzzlingRotationConfig
from trainables.pretext.rotation import RotationConfig
from trainables.pretext.task import Perturbed, PretextTask, Uses
from trainables.pretext.views.several import SeveralView
from trainables.pretext.views.two import TwoViews
from trainables.pretext.views.view import ViewConfig

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.pretext.fork import Fork


@dataclass(frozen=True)
class AttachedPlan:
    """The plan of a branch that forks off at a place of its own."""

    plan: BranchPlan
    attachment: Attachment

    @property
    def name(self) -> str:
        """The branch's name."""
        return self.plan.name

    @property
    def loss_names(self) -> tuple[str, ...]:
        """The names of its losses."""
        return self.plan.loss_names

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Its measures."""
        return self.plan.measures

    def build(self, fork: Fork) -> Branch:
        """Make the module at its own place on the trunk."""
        return self.plan.build(replace(fork, attachment=self.attachment))


class Several:
    """The views of all its tasks, one task after the other, none of which the pose is learned from."""

    def __init__(self, tasks: tuple[PretextTask, ...], branches: tuple[BranchPlan, ...]) -> None:
        self.tasks, self.branches = tasks, branches

    @property
    def uses(self) -> Uses:
        """The helpers' alone."""
        return tuple("helper" for task in self.tasks for _ in task.uses)

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return each task's views of images [B, 3, H, W], and all labels."""
        import torch

        made = [task.perturb(images, generator) for task in self.tasks]
        labels = {name: label for each in made for name, label in each.labels.items()}
        return Perturbed(torch.cat([each.images for each in made]), labels)


class Member(PretextConfig, Protocol):
    """The settings of one of the helpers: a `TaskConfig` that builds a task."""

    @property
    def uses(self) -> Uses:
        """What each of its views is for."""

    @property
    def flag(self) -> int:
        """The stage that its branches fork after."""

    @property
    def view(self) -> ViewConfig:
        """Which images it learns from."""

    @property
    def weight_end(self) -> float:
        """Share of the run after which it is off."""


def _losses(member: Member) -> list[str]:
    return [name for plan in member.build().branches for name in plan.loss_names]


class SeveralConfig(Config):
    """More than one helper at once.

    The pose is learned from the clean batch, each helper from a copy of a share of it: `view: two`, which
    need not be written. Their `norm` and `weight_end` are one, since all copies are forwarded together.
    """

    puzzling: PuzzlingConfig | None = None
    """The settings of `pretext.puzzling`; null: not this helper."""
    rotation: RotationConfig | None = None
    """The settings of `pretext.rotation`; null: not this helper."""
    puzzling_rotation: PuzzlingRotationConfig | None = None
    """The settings of `pretext.puzzling_rotation`; null: not this helper."""
    simsiam: SimSiamConfig | None = None
    """The settings of `pretext.simsiam`; null: not this helper."""
    byol: ByolConfig | None = None
    """The settings of `pretext.byol`; null: not this helper."""
    vicreg: VicregConfig | None = None
    """The settings of `pretext.vicreg`; null: not this helper."""
    barlow_twins: BarlowTwinsConfig | None = None
    """The settings of `pretext.barlow_twins`; null: not this helper."""
    equivariance: EquivarianceConfig | None = None
    """The settings of `pretext.equivariance`; null: not this helper."""
    inpainting: InpaintingConfig | None = None
    """The settings of `pretext.inpainting`; null: not this helper."""

    @model_validator(mode="before")
    @classmethod
    def _each_has_a_copy(cls, written: Any) -> Any:
        """Fill in the view of helpers that do not say it."""
        if not isinstance(written, Mapping):
            return written
        return {
            name: {"view": "two", **settings} if isinstance(settings, Mapping) else settings
            for name, settings in written.items()
        }

    @model_validator(mode="after")
    def _go_together(self) -> SeveralConfig:
        members = self.members
        if len(members) < 2:
            raise ValueError("several needs two helpers or more: name them, or take the one by itself")
        for name, member in members.items():
            view = member.build_view()
            if not isinstance(view, TwoViews) or view.poses_on_all:
                raise ValueError(f"{name}: of several helpers each takes view: two, with pose_on: clean")
        if len({member.build_view().norm_split for member in members.values()}) > 1:
            raise ValueError("norm differs between the helpers, whose copies go together: give them one")
        if len({member.weight_end for member in members.values()}) > 1:
            raise ValueError("weight_end differs between the helpers, which end together: give them one")
        names = [name for member in members.values() for name in _losses(member)]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two of the helpers have a loss {doubled[0]!r}: leave one of them out")
        return self

    @property
    def members(self) -> dict[str, Member]:
        """The helpers that there are, by name."""
        found = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: member for name, member in found if member is not None}

    @property
    def capture_fault(self) -> str | None:
        """Return what the first of the helpers that does so does on the CPU."""
        return next(filter(None, map(capture_fault, self.members.values())), None)

    @property
    def judges_clean_images(self) -> bool:
        """Return False: most of them look at two views of an image."""
        return False

    @property
    def is_baseline(self) -> bool:
        """Return False."""
        return False

    @property
    def pretrains(self) -> bool:
        """Return False: a pretraining is of one task."""
        return False

    @property
    def view_turn_deg(self) -> float:
        """Return the largest turn of any helper's views."""
        return max(member.view_turn_deg for member in self.members.values())

    def build(self) -> Several:
        """Make the tasks."""
        tasks = {name: member.build() for name, member in self.members.items()}
        attached = ((tasks[name], member.attachment()) for name, member in self.members.items())
        plans = [AttachedPlan(plan, at) for task, at in attached if at is not None for plan in task.branches]
        return Several(tuple(tasks.values()), tuple(plans))

    def build_view(self) -> SeveralView:
        """Make the view, which has a share of the batch for each helper."""
        shares = tuple((member.build(), member.view.share) for member in self.members.values())
        return SeveralView(shares, norm_split=self._norm_split)

    def attachment(self) -> Attachment:
        """Return the last place that a branch forks off at."""
        return Attachment(self._last_flag)

    def task_weight(self, epochs: int) -> LossWeight:
        """Return the first helper's weight; all are on for as long."""
        return next(iter(self.members.values())).task_weight(epochs)

    def loss_weight(self, name: str, epochs: int) -> LossWeight:
        """Return the weight of the helper that has this loss."""
        return next(m.loss_weight(name, epochs) for m in self.members.values() if name in _losses(m))

    def cost(self, completed: int, epochs: int) -> Cost:
        """Return the cost of each helper, all of whose images go up to the last flag, on one clean batch."""
        if not self.task_weight(epochs).on(completed):
            return Cost()
        own = [(member.cost(completed, epochs), member.view.share) for member in self.members.values()]
        clean = Cost(1.0, shared=0.0 if self._norm_split else self._last_flag / STAGES)
        return clean + self._copies(
            [(replace(cost, forwards=cost.forwards - 1), share) for cost, share in own]
        )

    def unlabelled_cost(self, completed: int, epochs: int) -> Cost:
        """Return the cost of a copy for each helper."""
        if not self.task_weight(epochs).on(completed):
            return Cost(0.0)
        own = (member.unlabelled_cost(completed, epochs) for member in self.members.values())
        return self._copies([(cost, 1.0) for cost in own])

    def _copies(self, own: Sequence[tuple[Cost, float]]) -> Cost:
        """Sum up what the helpers' copies cost, each with its share; all go on to the last flag."""
        total = Cost(0.0)
        for member, (cost, share) in zip(self.members.values(), own, strict=True):
            images = len(member.uses) * share
            further = images * (self._last_flag - member.flag) / STAGES
            shared = 0.0 if self._norm_split else images * self._last_flag / STAGES
            total += Cost(cost.forwards + further, cost.branches, shared)
        return total

    def pretraining_cost(self) -> Cost:
        """Return the same as alone; nothing is pretrained on it."""
        return Cost()

    def memory(self) -> Hashable:
        """Return what each helper's memory follows from."""
        return tuple((name, member.memory()) for name, member in self.members.items())

    def incompatibility(self, image_px: int) -> str | None:
        """Return why one of the helpers cannot perturb images of this side, or None."""
        return next(filter(None, (each.incompatibility(image_px) for each in self.members.values())), None)

    @property
    def _norm_split(self) -> bool:
        """Whether BatchNorm normalises copies and clean images apart: then no loss goes back through both."""
        return any(member.build_view().norm_split for member in self.members.values())

    @property
    def _last_flag(self) -> int:
        return max(member.flag for member in self.members.values())
