"""A sampler that learns from trials with their full budget alone."""

from __future__ import annotations

from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from hpsearch.study.journal_schema import FROZEN, PROMOTED


class FullBudgetOnly(BaseSampler):
    """Hides pruned and frozen trials from another sampler.

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
    """A study without its pruned and frozen trials; everything else is the study's own.

    Optuna's samplers read trials through `_get_trials`, which has no public twin with a cache.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(self, *args: Any, **kwargs: Any) -> list[FrozenTrial]:
        trials = self._study._get_trials(*args, **kwargs)
        return [trial for trial in trials if trial.state is not TrialState.PRUNED and not is_frozen(trial)]


def _shown(study: optuna.Study) -> optuna.Study:
    return cast(optuna.Study, _FullBudgetStudy(study))


def is_frozen(trial: FrozenTrial) -> bool:
    """Say whether a trial waits at a rung; Optuna has it as running."""
    attrs = trial.user_attrs
    return trial.state is TrialState.RUNNING and attrs.get(FROZEN, 0) > attrs.get(PROMOTED, 0)
