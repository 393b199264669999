"""What the settings of a pruner must offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field

from hpsearch.study.policy.halving import Halving

if TYPE_CHECKING:
    from optuna.pruners import BasePruner

Warmup = Annotated[int, Field(ge=1)]


class PrunerConfig(Protocol):
    """The settings of a pruner."""

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
