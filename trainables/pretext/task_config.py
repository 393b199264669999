"""`TaskConfig`: the settings that every pretext task has. A task's own config adds what only it needs."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from trainables.base.schema import Config, Variant
from trainables.losses.weighting.loss_weight import LossWeight, WeightSchedule
from trainables.pretext.attachment import STAGES, Attachment, Pool
from trainables.pretext.cost import Cost
from trainables.pretext.task import ONE_VIEW, Uses
from trainables.pretext.views import VIEWS, View, ViewConfig

BRANCH_WORK = 0.1
"""Work of a task's branches, in passes of an image through the whole network; its order alone matters."""


class BranchConfig(Config):
    """The convolution block at the start of a self-supervised branch."""

    out_channels: int | None = Field(None, ge=4, le=4096, multiple_of=4)
    """Output channels of the block; null: twice those at the flag, at most those of stage 4 (not in the
    paper)."""
    stride: Literal[1, 2] | None = None
    """Stride of the block; null: 2 after stages 1 to 3, 1 after stage 4 (not in the paper)."""
    pool: Pool = "average"
    """What the block's maps become before the linear layers: each channel's mean, or its largest value (not
    in the paper)."""


class TaskConfig(Config):
    """How a task's branches are attached to the network, and how their losses are weighted."""

    uses: ClassVar[Uses] = ONE_VIEW
    """What each view is for that the task makes: `PretextTask.uses`."""

    pretrains: ClassVar[bool] = True
    """Whether a trunk can be pretrained on it alone: `PretextConfig.pretrains`."""

    judges_clean_images: ClassVar[bool] = False
    """Whether its losses on unperturbed images say how well it is learned."""

    flag: int = Field(3, ge=1, le=4)
    """The ResNet stage, 1 to 4, that the self-supervised branch forks after, and its like in other backbones:
    of a vision transformer a quarter of its blocks; 3 was the best [paper 4.1]."""
    heads: bool = True
    """Train the self-supervised heads; false: the perturbed images alone ("w/o SSHs") [paper 5.1, 5.2]."""
    ssl_weight: float = Field(1.0, ge=0.0)
    """Weight of the self-supervised loss; 1 in [paper 4.1, 5.2], 50 with bins in [paper 4.2]. Beside the one
    loss of `head: rot6d` the same weight counts nearly twice as much as beside three RMSEs."""
    branch: BranchConfig = BranchConfig()
    """The convolution block of the branch."""

    view: Annotated[ViewConfig, Variant(VIEWS)] = VIEWS["shared"]()
    """Which images the pose and the task learn from; the paper learns the pose from perturbed images."""
    weight_schedule: WeightSchedule = "constant"
    """How `ssl_weight` changes over the run until `weight_end`: it stays, or falls to 0."""
    weight_end: float = Field(1.0, gt=0.0, le=1.0)
    """Share of the run after which the task is off and nothing is perturbed any more."""

    @model_validator(mode="after")
    def _every_view_is_learned_from(self) -> TaskConfig:
        if self.heads:
            return self
        if self.view.poses_are_clean:
            raise ValueError(
                "heads: false leaves nothing to learn from perturbed images where the pose is learned from "
                "clean ones: take view: shared, or heads: true"
            )
        if self.uses != ONE_VIEW:
            raise ValueError("heads: false leaves nothing to learn from the task's views: take heads: true")
        return self

    @property
    def is_baseline(self) -> bool:
        """Return False."""
        return False

    @property
    def view_turn_deg(self) -> float:
        """Return 0: the target is asked for no label of its views."""
        return 0.0

    def build_view(self) -> View:
        """Make the view."""
        return self.view.build()

    def task_weight(self, epochs: int) -> LossWeight:
        """Return `ssl_weight` over a run of so many epochs."""
        return LossWeight(self.ssl_weight, self.weight_schedule, self.weight_end, epochs, "helper")

    def loss_weight(self, name: str, epochs: int) -> LossWeight:
        """Return `ssl_weight`: all losses of its branches have the same."""
        return self.task_weight(epochs)

    def attachment(self) -> Attachment | None:
        """Return where the branches fork off, or None for `heads: false`."""
        if not self.heads:
            return None
        return Attachment(self.flag, self.branch.out_channels, self.branch.stride, self.branch.pool)

    def cost(self, completed: int, epochs: int) -> Cost:
        """Return the cost of the view while the task is on, that of supervised learning after it."""
        if not self.task_weight(epochs).on(completed):
            return Cost()
        whole, to_flag = self.view.passes(self.uses)
        forwards = whole + to_flag * self.flag / STAGES
        if not self.heads:
            return Cost(forwards)
        shared = 0.0 if self._ways_back_are_apart else (whole + to_flag) * self.flag / STAGES
        return Cost(forwards, BRANCH_WORK, shared)

    def unlabelled_cost(self, completed: int, epochs: int) -> Cost:
        """Return the cost of a copy that is the task's alone; 0 where the task is off or has no heads."""
        if not self.heads or not self.task_weight(epochs).on(completed):
            return Cost(0.0)
        cost = self.model_copy(update={"view": VIEWS["two"]()}).cost(completed, epochs)
        forwards, shared = cost.forwards - 1, cost.shared - self.flag / STAGES  # not of the clean image
        area = self.view.sizes.area
        return Cost(area * forwards, cost.branches, 0.0 if self._ways_back_are_apart else area * shared)

    @property
    def _ways_back_are_apart(self) -> bool:
        """Whether perturbed and clean images are forwarded apart, and the pose learned from clean ones."""
        return self.view.poses_are_clean and self.view.build().norm_split

    def pretraining_cost(self) -> Cost:
        """Return one pass for each view."""
        return Cost(float(len(self.uses)), BRANCH_WORK)

    def memory(self) -> Hashable:
        """Return its views, its flag and its block. A task with modules of other sizes adds these."""
        attached = (self.flag, self.branch) if self.heads else None
        return self.uses, self.view, attached

    def incompatibility(self, image_px: int) -> str | None:
        """Return None: images of any size will do. A task that needs others overrides this."""
        return None
