"""Pruners: when a trial is stopped early. A pruner is one config and one row; all keep a warm-up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field

from hpsearch.study.policy.halving import Halving, Ranking
from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.pruners import BasePruner

Warmup = Annotated[int, Field(ge=1)]


class PrunerConfig(Protocol):
    """A row of `PRUNERS`."""

    @property
    def first_epoch(self) -> int | None:
        """The first epoch after which a trial may be pruned, or None for never."""
        ...

    def build(self, epochs: int) -> BasePruner:
        """Return Optuna's pruner for trials of at most `epochs` epochs: what it stops is pruned for good."""
        ...

    def halving(self, epochs: int) -> Halving | None:
        """Return the rungs at which trials of at most `epochs` epochs are frozen and thawed, None without."""
        ...


class NoPrunerConfig(Config):
    """Every trial trains its full budget."""

    @property
    def first_epoch(self) -> int | None:
        """Never."""
        return None

    def halving(self, epochs: int) -> None:
        """Return None: nothing is frozen."""

    def build(self, epochs: int) -> BasePruner:
        """Return a pruner that never prunes."""
        from optuna.pruners import NopPruner

        return NopPruner()


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


class HyperbandConfig(Config):
    """Several successive halvings side by side, each with a longer warm-up than the one before."""

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


PRUNERS: Mapping[str, type[Config]] = {
    "none": NoPrunerConfig,
    "median": MedianConfig,
    "successive_halving": SuccessiveHalvingConfig,
    "hyperband": HyperbandConfig,
}
