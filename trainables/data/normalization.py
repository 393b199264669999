"""How pixels become the network's input: less a mean, divided by a standard deviation, colour by colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

IMAGENET_MEAN = (0.485, 0.456, 0.406)
"""Mean of red, green and blue of ImageNet; black is 0, white is 1."""

IMAGENET_STD = (0.229, 0.224, 0.225)
"""Standard deviation of red, green and blue of ImageNet; black is 0, white is 1."""

NormalizationName = Literal["imagenet", "unit", "half"]


@dataclass(frozen=True)
class Normalization:
    """Of red, green and blue, where black is 0 and white is 1."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


IMAGENET = Normalization(IMAGENET_MEAN, IMAGENET_STD)

NORMALIZATIONS: Mapping[NormalizationName, Normalization] = MappingProxyType(
    {
        "imagenet": IMAGENET,
        "unit": Normalization((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        "half": Normalization((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    }
)
