"""When a trial is stopped early. Every pruner lets a trial train its warm-up first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field

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
        """Return Optuna's pruner for trials of at most `epochs` epochs."""
        ...


class NoPrunerConfig(Config):
    """Every trial trains its full budget."""

    @property
    def first_epoch(self) -> int | None:
        """Never."""
        return None

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

    def build(self, epochs: int) -> BasePruner:
        """Return the pruner."""
        from optuna.pruners import MedianPruner

        return MedianPruner(n_startup_trials=self.startup_trials, n_warmup_steps=self.warmup_epochs)


class SuccessiveHalvingConfig(Config):
    """Asynchronous successive halving: at each rung only the best 1 / `reduction_factor` go on.

    Rungs lie after `warmup_epochs` x `reduction_factor`^0, ^1, ^2, ... epochs.
    """

    warmup_epochs: Warmup = 3
    """Epochs that every trial trains: the first rung."""
    reduction_factor: Annotated[int, Field(ge=2)] = 3
    """One of this many goes on."""

    @property
    def first_epoch(self) -> int | None:
        """The first rung."""
        return self.warmup_epochs

    def build(self, epochs: int) -> BasePruner:
        """Return the pruner."""
        from optuna.pruners import SuccessiveHalvingPruner

        return SuccessiveHalvingPruner(
            min_resource=self.warmup_epochs, reduction_factor=self.reduction_factor
        )


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
