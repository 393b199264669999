"""Constant: the learning rate never changes."""

from __future__ import annotations

from trainables.base.schema import Config


class Constant:
    """The factor is 1 in every epoch."""

    def factor(self, completed: int) -> float:
        """Return 1."""
        return 1.0


class ConstantConfig(Config):
    """The learning rate never changes; there is nothing to set."""

    def build(self, epochs: int) -> Constant:
        """Make the schedule; the length of the run does not matter."""
        return Constant()
