"""What a pretext task is: it perturbs a batch and says what the network should recognise in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from torch import Generator, Tensor

from trainables.losses.losses import RegionReduction


@dataclass(frozen=True)
class BranchSpec:
    """What one self-supervised branch answers: one of `classes` for each region of the picture.

    `chance` is the accuracy of always naming the most frequent class.
    """

    regions: int
    classes: int
    chance: float


@dataclass(frozen=True)
class Perturbed:
    """A perturbed batch: the only pictures that the network is trained on.

    `images` is [B, 3, H, W] as it came; `labels` has int64 [B, R] for each of the task's branches.
    """

    images: Tensor
    labels: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class SslHeads:
    """Where the branches of a task fork off, how they are built and what their losses weigh.

    `flag` is the ResNet stage, 1 to 4, that a branch forks after; `out_channels` and `stride` of its
    convolution block follow from the stage where they are None.
    """

    flag: int
    dropout: float = 0.2
    out_channels: int | None = None
    stride: Literal[1, 2] | None = None
    weight: float = 1.0
    reduction: RegionReduction = "sum"


class PretextTask(Protocol):
    """Perturbs batches; all its randomness comes from the generator that it is given."""

    @property
    def branches(self) -> Mapping[str, BranchSpec]:
        """The branches by name, in a fixed order; none where there is nothing to recognise."""

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return the perturbed images [B, 3, H, W] with their labels; the input stays as it is."""


class PretextConfig(Protocol):
    """The settings of a pretext task."""

    def build(self) -> PretextTask:
        """Make the task."""

    def ssl_heads(self) -> SslHeads | None:
        """Return how the branches are attached, or None to train without them."""
