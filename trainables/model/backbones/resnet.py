"""Residual networks as torchvision has them [He et al. 2016], and one of the smallest that it has not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from trainables.base.schema import Config

if TYPE_CHECKING:
    from trainables.model.backbones.trunk import Trunk

WEIGHTS = "https://download.pytorch.org/models/"
"""Where torchvision's weights lie; those of a ResNet here are its `IMAGENET1K_V1`."""


class ResNetConfig(Config):
    """A residual network, which its blocks per stage describe; there is nothing to set."""

    blocks: ClassVar[tuple[int, int, int, int]]
    bottlenecks: ClassVar[bool] = False
    trunk_values: ClassVar[int]
    imagenet_url: ClassVar[str | None] = None

    def incompatibility(self, image_px: int) -> None:
        """Return None: images of any size will do."""

    def build(self) -> Trunk:
        """Make the trunk."""
        from trainables.model.backbones.resnet_trunk import resnet_trunk

        return resnet_trunk(self.blocks, bottlenecks=self.bottlenecks)


class ResNet10Config(ResNetConfig):
    """One basic block per stage: the fastest; there are no ImageNet weights of it."""

    blocks = (1, 1, 1, 1)
    trunk_values = 4_911_564


class ResNet18Config(ResNetConfig):
    """Two basic blocks per stage."""

    blocks = (2, 2, 2, 2)
    trunk_values = 11_186_132
    imagenet_url = f"{WEIGHTS}resnet18-f37072fd.pth"


class ResNet34Config(ResNetConfig):
    """3, 4, 6 and 3 basic blocks."""

    blocks = (3, 4, 6, 3)
    trunk_values = 21_301_732
    imagenet_url = f"{WEIGHTS}resnet34-b627a593.pth"


class ResNet50Config(ResNetConfig):
    """3, 4, 6 and 3 bottleneck blocks. [paper]"""

    blocks = (3, 4, 6, 3)
    bottlenecks = True
    trunk_values = 23_561_205
    imagenet_url = f"{WEIGHTS}resnet50-0676ba61.pth"
