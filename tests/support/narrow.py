"""ResNet-10 with a quarter of its channels: what training does is the same, in a fifth of the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from torch import nn
from torchvision.models.resnet import BasicBlock

from trainables.model.backbones import ResNet10Config
from trainables.model.backbones.trunk import Trunk
from trainables.model.network import _draw_trunk

CHANNELS = (16, 32, 64, 128)


@contextmanager
def narrow_resnet10() -> Iterator[None]:
    """Build it for `backbone: resnet10` in this process meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResNet10Config, "build", lambda config: _trunk())
        _draw_trunk.cache_clear()  # it may keep one of full width
        yield
    _draw_trunk.cache_clear()


def _trunk() -> Trunk:
    first = CHANNELS[0]
    stem = {
        "conv1": nn.Conv2d(3, first, kernel_size=7, stride=2, padding=3, bias=False),
        "bn1": nn.BatchNorm2d(first),
        "relu": nn.ReLU(),
        "maxpool": nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
    }
    pairs = zip((first, *CHANNELS), CHANNELS, strict=False)
    stages = {f"layer{number}": _stage(*pair) for number, pair in enumerate(pairs, start=1)}
    return Trunk(stem, stages, CHANNELS)


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    if inputs == outputs:
        return nn.Sequential(BasicBlock(inputs, outputs))
    convolution = nn.Conv2d(inputs, outputs, kernel_size=1, stride=2, bias=False)
    shortcut = nn.Sequential(convolution, nn.BatchNorm2d(outputs))
    return nn.Sequential(BasicBlock(inputs, outputs, stride=2, downsample=shortcut))
