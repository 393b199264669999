"""The trunk of `slim`."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from trainables.model.backbones.trunk import Trunk


def slim_trunk(channels: Sequence[int]) -> Trunk:
    """Make the trunk: each stage halves the sides of its maps."""
    inputs = (3, *channels)
    stages = {f"stage{number}": _stage(*inputs[number - 1 : number + 1]) for number in range(1, 5)}
    return Trunk({}, stages, channels)


def _stage(inputs: int, outputs: int) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel_size=3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())
