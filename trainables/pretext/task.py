"""What a pretext task is: it perturbs a batch and labels what the network should recognise in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from trainables.losses.kinds import RegionReduction

if TYPE_CHECKING:
    from torch import Generator, Tensor


Pool = Literal["average", "max"]
"""How a branch's feature maps become one vector: the mean or the largest value of each channel."""


@dataclass(frozen=True)
class BranchSpec:
    """What one self-supervised branch predicts: one of `classes` for each region of the image.

    `chance` is the accuracy of always predicting the most frequent class.
    """

    regions: int
    classes: int
    chance: float


@dataclass(frozen=True)
class Perturbed:
    """A perturbed batch: the only images that the network is trained on.

    `images` is [B, 3, H, W] in the shape and type of the input; `labels` holds int64 [B, R] for each branch.
    """

    images: Tensor
    labels: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class SslHeads:
    """Where the branches of a task fork off, how they are built and how their losses are weighted.

    `flag` is the ResNet stage, 1 to 4, that a branch forks after; `out_channels` and `stride` of its
    convolution block follow from the stage where they are None; `pool` follows the block.
    """

    flag: int
    dropout: float = 0.2
    out_channels: int | None = None
    stride: Literal[1, 2] | None = None
    pool: Pool = "average"
    weight: float = 1.0
    reduction: RegionReduction = "sum"


class PretextTask(Protocol):
    """Perturbs batches; all its randomness comes from the generator that it is given."""

    @property
    def branches(self) -> Mapping[str, BranchSpec]:
        """The branches by name, in a fixed order; none where there is nothing to recognise."""

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return the perturbed images [B, 3, H, W] with their labels; the input stays as it is."""
