"""The sizes of the images that a task's views are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """Of each size the least and the greatest side, between which it is drawn, as shares of the batch's."""

    ranges: tuple[tuple[float, float], ...]

    @property
    def least(self) -> float:
        """The smallest side."""
        return min(low for low, _ in self.ranges)

    @property
    def area(self) -> float:
        """Pixels of all sizes together, the mean over what is drawn; 1 is one image of the batch."""
        return sum((low**2 + low * high + high**2) / 3 for low, high in self.ranges)

    def sides_px(self, image_px: int) -> Iterator[int]:
        """Yield each side that copies of images of this side may have, pixels."""
        for low, high in self.ranges:
            yield from range(round(image_px * low), round(image_px * high) + 1)


ONE_SIZE = Sizes(((1.0, 1.0),))
"""That of the batch."""
