"""The backbones that a network can have, and the size of each."""

from __future__ import annotations

from typing import Literal

Backbone = Literal["resnet10", "resnet18", "resnet34", "resnet50"]
"""torchvision's residual networks; `resnet10` has one basic block per stage."""

TRUNK_VALUES: dict[Backbone, int] = {
    "resnet10": 4_911_564,
    "resnet18": 11_186_132,
    "resnet34": 21_301_732,
    "resnet50": 23_561_205,
}
"""Numbers in a trunk's state, 4 bytes each, known without building one, which takes seconds."""
