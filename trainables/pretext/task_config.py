"""`TaskConfig`: the settings that every pretext task has. A task's own config adds what only it needs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from trainables.base.schema import Config, Variant
from trainables.losses.kinds import RegionReduction
from trainables.pretext.task import Pool, SslHeads
from trainables.pretext.task_weight import TaskWeight, WeightSchedule
from trainables.pretext.views import VIEWS, SharedConfig, View, ViewConfig


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

    flag: int = Field(3, ge=1, le=4)
    """The ResNet stage, 1 to 4, that the self-supervised branch forks after; 3 was the best [paper 4.1]."""
    heads: bool = True
    """Train the self-supervised heads; false: the perturbed images alone ("w/o SSHs") [paper 5.1, 5.2]."""
    ssl_weight: float = Field(1.0, ge=0.0)
    """Weight of the self-supervised loss; 1 in [paper 4.1, 5.2], 50 with bins in [paper 4.2]. Beside the one
    loss of `head: rot6d` the same weight counts nearly twice as much as beside three RMSEs."""
    ssl_reduction: RegionReduction = "sum"
    """How the losses of a branch's regions are combined; `sum` in the paper [paper, formulas 1 to 3]."""
    dropout: float = Field(0.2, ge=0.0, lt=1.0)
    """Dropout before the self-supervised heads, a probability [paper 4.1]."""
    branch: BranchConfig = BranchConfig()
    """The convolution block of the branch."""

    view: Annotated[ViewConfig, Variant(VIEWS)] = SharedConfig()
    """Which images the pose and the task learn from; the paper learns the pose from perturbed images."""
    weight_schedule: WeightSchedule = "constant"
    """How `ssl_weight` changes over the run until `weight_end`: it stays, or falls to 0."""
    weight_end: float = Field(1.0, gt=0.0, le=1.0)
    """Share of the run after which the task is off and nothing is perturbed any more."""

    @model_validator(mode="after")
    def _clean_poses_need_a_task(self) -> TaskConfig:
        if not self.heads and not isinstance(self.view, SharedConfig):
            raise ValueError(
                "heads: false leaves nothing to learn from perturbed images where the pose is learned from "
                "clean ones: take view: shared, or heads: true"
            )
        return self

    def build_view(self) -> View:
        """Make the view."""
        return self.view.build()

    def task_weight(self, epochs: int) -> TaskWeight:
        """Return the factor of `ssl_weight` over a run of so many epochs."""
        return TaskWeight(self.weight_schedule, self.weight_end, epochs)

    def ssl_heads(self) -> SslHeads | None:
        """Return how the branches are attached, or None for `heads: false`."""
        if not self.heads:
            return None
        return SslHeads(
            flag=self.flag,
            dropout=self.dropout,
            out_channels=self.branch.out_channels,
            stride=self.branch.stride,
            pool=self.branch.pool,
            weight=self.ssl_weight,
            reduction=self.ssl_reduction,
        )

    def incompatibility(self, image_px: int) -> str | None:
        """Return None: images of any size will do. A task that needs others overrides this."""
        return None
