"""Where the branches of a pretext task leave the trunk, and the block that each begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STAGES = 4
"""Stages of a trunk."""

STRIDES = (4, 8, 16, 32)
"""Of the feature maps after each stage of a ResNet, and of every trunk that says nothing else."""

Pool = Literal["average", "max"]
"""How a branch's feature maps become one vector: the mean or the largest value of each channel."""


@dataclass(frozen=True)
class Attachment:
    """`flag` is the trunk's stage, 1 to 4, that a branch forks after.

    `out_channels` and `stride` of its convolution block follow from the stage where they are None; `pool`
    follows the block.
    """

    flag: int
    out_channels: int | None = None
    stride: Literal[1, 2] | None = None
    pool: Pool = "average"
