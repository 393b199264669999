"""How the next trial's values are chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Protocol, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState
from pydantic import Field

from trainables.base.schema import Config


class SamplerConfig(Protocol):
    """A row of `SAMPLERS`."""

    def build(self, seed: int) -> BaseSampler:
        """Return Optuna's sampler, seeded."""
        ...


class TPEConfig(Config):
    """Tree-structured Parzen estimator: models where good trials lie. Learns from full-budget trials only."""

    startup_trials: Annotated[int, Field(ge=1)] = 6
    """Trials that must have ended with their full budget before the model is used."""
    candidates: Annotated[int, Field(ge=1)] = 24
    """Candidates compared for each suggestion."""

    def build(self, seed: int) -> BaseSampler:
        """Return the sampler, blind to pruned trials."""
        return FullBudgetOnly(
            optuna.samplers.TPESampler(
                n_startup_trials=self.startup_trials, n_ei_candidates=self.candidates, seed=seed
            )
        )


class RandomConfig(Config):
    """Independent uniform draws (log-uniform where the hole says so)."""

    def build(self, seed: int) -> BaseSampler:
        """Return the sampler."""
        return optuna.samplers.RandomSampler(seed=seed)


class GridConfig(Config):
    """Every combination once, conditional holes only where they exist, in the order of the file.

    A float range without a step is visited at its two ends. The budget is the number of combinations, unless
    `search.budget.trials` is smaller.
    """

    def build(self, seed: int) -> BaseSampler:
        """Return a sampler for what the enqueued combinations leave open, which is nothing."""
        return optuna.samplers.RandomSampler(seed=seed)


SAMPLERS: Mapping[str, type[Config]] = {"tpe": TPEConfig, "random": RandomConfig, "grid": GridConfig}


class FullBudgetOnly(BaseSampler):
    """Hides pruned trials from another sampler.

    A pruned trial's value was measured early, where learning curves still cross; a model that takes it for a
    final value prefers what learns fast over what ends well.
    """

    def __init__(self, sampler: BaseSampler) -> None:
        self._sampler = sampler

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the joint search space of the trials that are shown."""
        return self._sampler.infer_relative_search_space(_shown(study), trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return values for the joint search space."""
        return self._sampler.sample_relative(_shown(study), trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value for one parameter outside the joint search space."""
        return self._sampler.sample_independent(_shown(study), trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Pass on."""
        self._sampler.before_trial(_shown(study), trial)


class _FullBudgetStudy:
    """A study without its pruned trials; everything else is the study's own.

    Optuna's samplers read trials through `_get_trials`, which has no public twin with a cache.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(self, *args: Any, **kwargs: Any) -> list[FrozenTrial]:
        trials = self._study._get_trials(*args, **kwargs)
        return [trial for trial in trials if trial.state is not TrialState.PRUNED]


def _shown(study: optuna.Study) -> optuna.Study:
    return cast(optuna.Study, _FullBudgetStudy(study))
