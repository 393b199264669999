"""No pruner: every trial trains its full budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.pruners import BasePruner


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
