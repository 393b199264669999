"""Exponential moving average of the weights [Polyak & Juditsky 1992; Tarvainen & Valpola 2017]."""

from __future__ import annotations

from pydantic import Field

from trainables.base.schema import Config


class Ema:
    """Forgets by `decay` per step, and faster at first: a step before the n-th by (n - 1) / (n + 8).

    That is the warm-up of TensorFlow's `ExponentialMovingAverage`. Without it the random weights at the start
    would be a third of the mean after 1000 steps with a decay of 0.999.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay

    def on(self, completed: int) -> bool:
        """Return True."""
        return True

    def share(self, number: int) -> float:
        """Return the share of the `number`-th weights."""
        return 1.0 - min(self.decay, (number - 1) / (number + 8))


class EmaConfig(Config):
    """An exponential moving average over all steps."""

    decay: float = Field(0.999, gt=0.0, lt=1.0)
    """How much of the mean a step keeps; less in a run's first steps, so that its random start is forgotten.
    A mean looks back on 1 / (1 - decay) steps, at most on a ninth of those made."""

    def build(self, epochs: int) -> Ema:
        """Make the average."""
        return Ema(self.decay)
