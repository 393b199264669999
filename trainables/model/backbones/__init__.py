"""Backbones: the trunk that all parts of a network share. A backbone is one config and one row here."""

from typing import Annotated

from trainables.base.schema import Variant
from trainables.base.table import Table
from trainables.model.backbones.backbone import BackboneConfig
from trainables.model.backbones.resnet import ResNet10Config, ResNet18Config, ResNet34Config, ResNet50Config

__all__ = [
    "BACKBONES",
    "Backbone",
    "BackboneConfig",
    "ResNet10Config",
    "ResNet18Config",
    "ResNet34Config",
    "ResNet50Config",
]

BACKBONES = Table[BackboneConfig](
    "backbones",
    {
        "resnet10": ResNet10Config,
        "resnet18": ResNet18Config,
        "resnet34": ResNet34Config,
        "resnet50": ResNet50Config,
    },
)

_KEY = Variant(BACKBONES, bare=True)

Backbone = Annotated[BackboneConfig, _KEY]
"""A key that takes a backbone; one without settings is written by its name alone, as it always was."""


def written(backbone: BackboneConfig) -> object:
    """Return a backbone as a config has it: its name, or its name with its settings."""
    return _KEY.written(backbone)
