"""What training on a pretext task costs beside supervised learning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """The work per training image, in passes of one image through the whole network.

    An image that goes up to stage f counts f / 4: the four stages of a ResNet cost about the same. `branches`
    is the work of the branches, in order of magnitude.
    """

    forwards: float = 1.0
    branches: float = 0.0
