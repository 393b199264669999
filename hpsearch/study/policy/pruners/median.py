"""The median rule: a trial is compared with the median of those before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from hpsearch.study.policy.pruners.pruner import Warmup
from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.pruners import BasePruner


class MedianConfig(Config):
    """Stop a trial whose best value so far is worse than the median of others at the same epoch."""

    warmup_epochs: Warmup = 3
    """Epochs that every trial trains."""
    startup_trials: Annotated[int, Field(ge=0)] = 4
    """Trials that must have ended before any is stopped."""

    @property
    def first_epoch(self) -> int | None:
        """The end of the warm-up."""
        return self.warmup_epochs

    def halving(self, epochs: int) -> None:
        """Return None: nothing is frozen."""

    def build(self, epochs: int) -> BasePruner:
        """Return the pruner."""
        from optuna.pruners import MedianPruner

        return MedianPruner(n_startup_trials=self.startup_trials, n_warmup_steps=self.warmup_epochs)
