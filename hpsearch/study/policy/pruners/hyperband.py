"""Hyperband: several successive halvings with warm-ups of different lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from hpsearch.study.policy.pruners.pruner import Warmup
from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.pruners import BasePruner


class HyperbandConfig(Config):
    """Several successive halvings in parallel, each with a longer warm-up than the one before."""

    warmup_epochs: Warmup = 3
    """Epochs that every trial trains: the first rung of the most eager bracket."""
    reduction_factor: Annotated[int, Field(ge=2)] = 3
    """One of this many goes on."""

    @property
    def first_epoch(self) -> int | None:
        """The first rung of the most eager bracket."""
        return self.warmup_epochs

    def halving(self, epochs: int) -> None:
        """Return None: nothing is frozen."""

    def build(self, epochs: int) -> BasePruner:
        """Return the pruner."""
        from optuna.pruners import HyperbandPruner

        return HyperbandPruner(
            min_resource=self.warmup_epochs,
            max_resource=max(epochs, self.warmup_epochs),
            reduction_factor=self.reduction_factor,
        )
