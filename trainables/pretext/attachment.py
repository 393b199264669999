"""Where the branches of a pretext task leave the trunk, and the block that each begins with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

STAGES = 4
"""Stages of a ResNet."""

Pool = Literal["average", "max"]
"""How a branch's feature maps become one vector: the mean or the largest value of each channel."""


@dataclass(frozen=True)
class Attachment:
    """`flag` is the ResNet stage, 1 to 4, that a branch forks after.

    `out_channels` and `stride` of its convolution block follow from the stage where they are None; `pool`
    follows the block.
    """

    flag: int
    out_channels: int | None = None
    stride: Literal[1, 2] | None = None
    pool: Pool = "average"
