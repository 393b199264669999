"""Backbones: the trunk that all parts of a network share. A backbone is one config and one row here."""

from typing import Annotated, cast

from trainables.base.schema import Config, Variant
from trainables.base.table import Table
from trainables.model.backbones.backbone import (
    BackboneConfig,
    HubBackbone,
    NormalisedBackbone,
    PatchBackbone,
    TranslatingBackbone,
    needs_adaptive_steps,
    normalises_batches,
    patch_px,
    strides_of,
)
from trainables.model.backbones.resnet import ResNet10Config, ResNet18Config, ResNet34Config, ResNet50Config
from trainables.model.backbones.timm_config import TimmConfig

__all__ = [
    "BACKBONES",
    "Backbone",
    "BackboneConfig",
    "HubBackbone",
    "NormalisedBackbone",
    "PatchBackbone",
    "ResNet10Config",
    "ResNet18Config",
    "ResNet34Config",
    "ResNet50Config",
    "TimmConfig",
    "TranslatingBackbone",
    "needs_adaptive_steps",
    "normalises_batches",
    "patch_px",
    "strides_of",
    "title",
    "written",
]

BACKBONES = Table[BackboneConfig](
    "backbones",
    {
        "resnet10": ResNet10Config,
        "resnet18": ResNet18Config,
        "resnet34": ResNet34Config,
        "resnet50": ResNet50Config,
        "timm": TimmConfig,
    },
)

_KEY = Variant(BACKBONES, bare=True)

Backbone = Annotated[BackboneConfig, _KEY]
"""A key that takes a backbone; one without settings is written by its name alone, as it always was."""


def written(backbone: BackboneConfig) -> object:
    """Return a backbone as a config has it: its name, or its name with its settings."""
    return _KEY.written(backbone)


def title(backbone: BackboneConfig) -> str:
    """Return a backbone in words: its name and its settings, such as `timm mobilenetv4_conv_small`."""
    settings = dict(cast(Config, backbone))
    return " ".join([BACKBONES.name_of(backbone), *map(str, settings.values())])
