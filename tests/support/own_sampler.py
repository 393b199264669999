"""A sampler that no installed package adds: contracts can be run before there is an entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class OwnSamplerConfig(Config):
    """Every value is drawn alone."""

    @property
    def enumerates(self) -> bool:
        """Return False."""
        return False

    def build(self, seed: int) -> BaseSampler:
        """Return Optuna's random sampler with the next seed."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed + 1)
