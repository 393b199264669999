"""The mean of the weights over the last epochs [Izmailov et al. 2018, arXiv:1803.05407]."""

from __future__ import annotations

from pydantic import Field

from trainables.base.schema import Config


class Last:
    """The plain mean over all steps from the end of epoch `first` on."""

    def __init__(self, first: int) -> None:
        self.first = first

    def on(self, completed: int) -> bool:
        """Return whether the epoch after `completed` epochs is one of the last."""
        return completed >= self.first

    def share(self, number: int) -> float:
        """Return the share of the `number`-th weights."""
        return 1.0 / number


class LastConfig(Config):
    """The plain mean over all steps of the last epochs; before them the weights are used as they are."""

    epochs: int = Field(3, ge=1)
    """How many epochs; all where a run has no more."""

    def build(self, epochs: int) -> Last:
        """Make the average of a run of this many epochs."""
        return Last(max(0, epochs - self.epochs))
