"""Asynchronous successive halving by freezing and thawing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from hpsearch.study.policy.halving import Halving, Ranking
from hpsearch.study.policy.pruners.pruner import Warmup
from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.pruners import BasePruner


class SuccessiveHalvingConfig(Config):
    """Asynchronous successive halving: at each rung only the best 1 / `reduction_factor` go on.

    Rungs lie after `warmup_epochs` x `reduction_factor`^0, ^1, ^2, ... epochs. A trial that loses there is
    frozen with its checkpoint, and thawed where it is among the best as more trials reach its rung.
    """

    warmup_epochs: Warmup = 3
    """Epochs that every trial trains: the first rung."""
    reduction_factor: Annotated[int, Field(ge=2)] = 3
    """One of this many goes on."""
    ranking: Ranking = "family"
    """What a rung compares: trials of one `pretext` with each other (`family`), or all of them (`all`)."""

    @property
    def first_epoch(self) -> int | None:
        """The first rung."""
        return self.warmup_epochs

    def halving(self, epochs: int) -> Halving:
        """Return the rungs of trials of at most `epochs` epochs."""
        rungs, rung = [], self.warmup_epochs
        while rung < epochs:
            rungs.append(rung)
            rung *= self.reduction_factor
        return Halving(tuple(rungs), self.reduction_factor, self.ranking)

    def build(self, epochs: int) -> BasePruner:
        """Return a pruner that never prunes: halving freezes and thaws."""
        from optuna.pruners import NopPruner

        return NopPruner()
