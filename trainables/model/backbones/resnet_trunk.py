"""The trunk of a torchvision ResNet: without its classifier, with torchvision's names."""

from __future__ import annotations

from collections.abc import Sequence

from trainables.model.backbones.trunk import Trunk


def resnet_trunk(blocks: Sequence[int], *, bottlenecks: bool = False) -> Trunk:
    """Make the trunk with so many blocks per stage, at strides 4, 8, 16 and 32."""
    from torchvision.models import resnet  # seconds to import: only when a network is built

    block = resnet.Bottleneck if bottlenecks else resnet.BasicBlock
    whole = resnet.ResNet(
        block, list(blocks)
    )  # its classifier is drawn too: one seed gives what it always gave
    stem = {name: getattr(whole, name) for name in ("conv1", "bn1", "relu", "maxpool")}
    stages = {name: getattr(whole, name) for name in ("layer1", "layer2", "layer3", "layer4")}
    return Trunk(stem, stages, [planes * block.expansion for planes in (64, 128, 256, 512)])
