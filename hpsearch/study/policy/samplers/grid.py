"""Grid search: every combination of a space, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class GridConfig(Config):
    """Every combination once, conditional holes only where they exist, in the order of the file.

    A float range without a step is visited at its two ends. The budget is the number of combinations, unless
    `search.budget.trials` is smaller.
    """

    learns_costs: ClassVar[bool] = True

    @property
    def enumerates(self) -> bool:
        """Return True."""
        return True

    def build(self, seed: int) -> BaseSampler:
        """Return a sampler for what the enqueued combinations leave open, which is nothing."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed)
