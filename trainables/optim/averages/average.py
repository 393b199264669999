"""What an average of weights is: how much the newest weights count in a running mean over the steps."""

from __future__ import annotations

from typing import Protocol

NORM_BATCHES = 20
"""Training batches that BatchNorm's statistics of averaged weights are estimated from after an epoch: about
as many as its running mean looks back on in training, with torch's momentum of 0.1."""


class Average(Protocol):
    """A running mean; it has no state but the number of the weights that it has taken in."""

    def on(self, completed: int) -> bool:
        """Return whether the steps of the epoch after `completed` epochs are averaged.

        Once they are, so are those of every later epoch.
        """

    def share(self, number: int) -> float:
        """Return how much of the mean the weights make that are the `number`-th in it, from 1 on: 1 at first.

        The mean is stepped by `mean += share * (weights - mean)`.
        """


class AverageConfig(Protocol):
    """The settings of an average."""

    def build(self, epochs: int) -> Average | None:
        """Make the average of a run of this many epochs; None where nothing is averaged. Loads no torch."""
