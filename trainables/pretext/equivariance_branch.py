"""The module of equivariance: the network's own head, and a slower copy of trunk and head as teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.base.precision import in_fp32
from trainables.losses.signed import signed
from trainables.pretext.attachment import STAGES
from trainables.pretext.branch import Seen
from trainables.pretext.fork import Fork, SupervisedHead
from trainables.pretext.teacher import copied, follow


@dataclass(frozen=True)
class Consistency:
    """The head's raw outputs for N changed images, beside the labels [N, L] that they should have."""

    raw: Tensor
    labels: Tensor


class EquivarianceBranch(nn.Module):
    """Has no layers of its own: what it learns, trunk and head learn. The teacher is its state."""

    stage = STAGES

    def __init__(self, fork: Fork, name: str, *, momentum: float) -> None:
        super().__init__()
        if fork.supervised is None:
            raise ValueError(f"{name} learns through the head of a target, and there is none")
        self.name, self.momentum, self.target = name, momentum, fork.supervised.target
        self.head = cast(nn.Module, fork.supervised.head)  # the network's own: one module in two places
        self.teacher_trunk, self.teacher_head = copied(fork.trunk), copied(self.head)

    @property
    def signed(self) -> bool:
        """Whether the head's losses are."""
        return signed(self.head)

    def forward(self, seen: Seen) -> Consistency:
        """Return what the network says of the changed images, and what it should."""
        clean, change = seen.labels[self.name].tensor_split((3,), dim=1)
        with torch.no_grad():
            raw = in_fp32(lambda maps: self.teacher_head(_pooled(maps)), self.teacher_trunk(clean)[-1])
            labels = cast(SupervisedHead, self.teacher_head).decode(raw)
        raw = in_fp32(lambda maps: self.head(_pooled(maps)), seen.maps[-1])
        return Consistency(raw, self.changed(labels, change[:, :, 0, 0]))

    def changed(self, labels: Tensor, change: Tensor) -> Tensor:
        """Return the labels [N, L] in changed images, `change` [N, 2] being those of the task.

        The target computes them with numpy: a GPU is waited for here, for a few numbers of each image.
        """
        mirrored, turn_deg = change.cpu().numpy().T
        became = self.target.augmented(labels.float().cpu().numpy(), mirrored=mirrored > 0, turn_deg=turn_deg)
        return torch.from_numpy(became).to(labels.device)

    def losses(self, output: Consistency) -> dict[str, Tensor]:
        """Return the head's own losses, summed: 0 where it says what the teacher's labels become."""
        parts = cast(SupervisedHead, self.head).losses(output.raw, output.labels)
        return {self.name: torch.stack([*parts.values()]).sum()}

    def measure(self, output: Consistency) -> dict[str, Tensor]:
        """Return the mean absolute difference of the labels, in their units."""
        said = cast(SupervisedHead, self.head).decode(output.raw)
        return {f"{self.name}_error": (said - output.labels).abs().mean()}

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Move the teacher."""
        follow(self.teacher_trunk, trunk, self.momentum)
        follow(self.teacher_head, self.head, self.momentum)


def _pooled(maps: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(maps, 1).flatten(1)
