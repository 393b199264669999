"""Samplers: how the next trial's values are chosen. A sampler is one config and one row."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field

from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class SamplerConfig(Protocol):
    """A row of `SAMPLERS`."""

    def build(self, seed: int) -> BaseSampler:
        """Return Optuna's sampler, seeded."""
        ...


class TPEConfig(Config):
    """Tree-structured Parzen estimator: models where good trials lie.

    Values that exist together are modelled together. A trial that was stopped counts by its forecast: the
    error that it reached, times what the finished trials of its family made of theirs from there on.
    """

    startup_trials: Annotated[int, Field(ge=1)] = 6
    """Trials that must have finished, or been stopped with a forecast, before the model is used."""
    candidates: Annotated[int, Field(ge=1)] = 24
    """Candidates compared for each suggestion."""

    def build(self, seed: int) -> BaseSampler:
        """Return the sampler, to which stopped trials are shown with their forecasts."""
        from optuna.exceptions import ExperimentalWarning
        from optuna.samplers import TPESampler

        from hpsearch.study.policy.forecasts import WithForecasts

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # of `group`, which pyproject's range has
            tpe = TPESampler(
                n_startup_trials=self.startup_trials,
                n_ei_candidates=self.candidates,
                multivariate=True,
                group=True,
                seed=seed,
            )
        return WithForecasts(tpe)


class RandomConfig(Config):
    """Independent uniform draws (log-uniform where the hole says so)."""

    def build(self, seed: int) -> BaseSampler:
        """Return the sampler."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed)


class GridConfig(Config):
    """Every combination once, conditional holes only where they exist, in the order of the file.

    A float range without a step is visited at its two ends. The budget is the number of combinations, unless
    `search.budget.trials` is smaller.
    """

    def build(self, seed: int) -> BaseSampler:
        """Return a sampler for what the enqueued combinations leave open, which is nothing."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=seed)


SAMPLERS: Mapping[str, type[Config]] = {"tpe": TPEConfig, "random": RandomConfig, "grid": GridConfig}
