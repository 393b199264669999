"""Random search: every trial is drawn independently."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class RandomConfig(Config):
    """Independent uniform draws (log-uniform where the hole says so)."""

    learns_costs: ClassVar[bool] = True

    @property
    def enumerates(self) -> bool:
        """Return False: it draws ever new trials."""
        return False

    def build(self, seed: int) -> BaseSampler:
        """Return the sampler."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed)
