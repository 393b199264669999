"""The place on a trunk where a branch forks off, and the block that it begins with there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from trainables.pretext.attachment import STAGES, STRIDES, Attachment, Pool
from trainables.target.target import Target

POOLS: Mapping[Pool, type[nn.Module]] = {"average": nn.AdaptiveAvgPool2d, "max": nn.AdaptiveMaxPool2d}
EXPANSION = 4  # of the bottleneck block: its output channels beside its width


@dataclass(frozen=True)
class Neck:
    """The modules from the maps [B, C, H, W] after a stage to `pool(block(maps))`, [B, features, 1, 1].

    A pixel of `block(maps)` stands for `reduction` pixels of the image along each side.
    """

    block: nn.Module
    pool: nn.Module
    features: int
    reduction: int


class SupervisedHead(Protocol):
    """The head of the network, a module, as a branch may learn through it; `model.heads` has the whole."""

    def __call__(self, features: Tensor) -> Tensor:
        """Return the raw outputs of pooled features [B, F]."""

    def losses(self, raw: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the losses [] for labels [B, L] in their units."""

    def decode(self, raw: Tensor) -> Tensor:
        """Return the labels [B, L] in their units, fp32."""


@dataclass(frozen=True)
class Supervised:
    """What stands at the end of the trunk: the head, and the target that says how its labels change."""

    head: SupervisedHead
    target: Target


@dataclass(frozen=True)
class Fork:
    """A place on a trunk with its initial weights, `channels` and `strides` of whose maps are known by stage.

    Without an attachment the trunk is pretrained: the branch takes its last maps as the pose head would, and
    nothing is `supervised`.
    """

    trunk: nn.Module
    channels: Sequence[int]
    attachment: Attachment | None = None
    supervised: Supervised | None = None
    strides: Sequence[int] = STRIDES

    @property
    def stage(self) -> int:
        """The stage that the branch forks after, 1 to 4."""
        return STAGES if self.attachment is None else self.attachment.flag

    def neck(self) -> Neck:
        """Make the branch's first modules: a residual bottleneck block, then a pool; none but a pool for a
        pretraining [paper 4.2].

        The block is ResNet50's (1x1, 3x3, 1x1, each with BN, and a projection shortcut) for every backbone,
        as in the paper; at flag 3 of a ResNet50 it equals the first block of stage 4.
        """
        if self.attachment is None:
            return Neck(nn.Identity(), nn.AdaptiveAvgPool2d(1), self.channels[-1], self.strides[-1])
        from torchvision.models.resnet import Bottleneck  # seconds to import: only when a network is built

        inputs = self.channels[self.stage - 1]
        outputs = self.attachment.out_channels or min(2 * inputs, self.channels[-1])
        stride = self.attachment.stride or (1 if self.stage == STAGES else 2)
        projection = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
        )
        block = Bottleneck(inputs, outputs // EXPANSION, stride=stride, downsample=projection)
        for module in block.modules():
            if isinstance(module, nn.Conv2d):  # as torchvision starts its ResNets
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        return Neck(block, POOLS[self.attachment.pool](1), outputs, self.strides[self.stage - 1] * stride)
