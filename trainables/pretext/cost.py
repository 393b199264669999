"""What training on a pretext task costs beside supervised learning."""

from __future__ import annotations

from dataclasses import dataclass

FORWARD_ALONE = 1 / 3
"""Work of forwarding an image without a gradient, beside a training pass: going back costs twice as much."""

BACK_AGAIN = 1 - FORWARD_ALONE
"""Work of a second way back."""


@dataclass(frozen=True)
class Cost:
    """The work per training image, in passes of one image through the whole network.

    An image that goes up to stage f counts f / 4: the four stages of a ResNet cost about the same. `branches`
    is the work of the branches, in order of magnitude. `shared` are the passes, up to the place where pose
    and helper meet, that the losses of both go back through: once each for a weighting that sets their
    gradients against each other.
    """

    forwards: float = 1.0
    branches: float = 0.0
    shared: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        """Return the work of both."""
        sums = (self.forwards + other.forwards, self.branches + other.branches, self.shared + other.shared)
        return Cost(*sums)

    def __mul__(self, times: float) -> Cost:
        """Return the work of so many."""
        return Cost(times * self.forwards, times * self.branches, times * self.shared)
