"""A sampler that learns from stopped trials too: by the error that they are forecast to end with."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Sequence
from copy import copy
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from hpsearch.study.journal.schema import CONTINUES, FROZEN, PROMOTED
from hpsearch.study.policy.families import curve_family
from hpsearch.study.policy.halving import Contestant, finished_by_family, outlook


class WithForecasts(BaseSampler):
    """Shows frozen and pruned trials to another sampler as complete, with their forecast errors.

    What a stopped trial reached is no final value: learning curves fall, and cross between families. Taken
    for one it would make the sampler prefer what learns fast. So its error counts times what the finished
    trials of its family made of theirs from there on, as in halving. It is hidden where its family has none.
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


class _ForecastStudy:
    """A study whose stopped trials are complete; everything else is the study's own.

    Optuna's samplers read trials through `_get_trials`, which has no public twin with a cache.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        trials = with_forecasts(self._study._get_trials(deepcopy=deepcopy, use_cache=use_cache))
        return [trial for trial in trials if states is None or trial.state in states]


def _shown(study: optuna.Study) -> optuna.Study:
    return cast(optuna.Study, _ForecastStudy(study))


def with_forecasts(trials: Sequence[FrozenTrial]) -> Iterator[FrozenTrial]:
    """Yield trials: a stopped one as complete with its forecast, or not at all where it has none.

    Of a trial that goes on under another number only the last part is yielded, with the whole curve.
    """
    curves: dict[int, dict[int, float]] = {}
    parts: dict[int, FrozenTrial] = {}
    for trial in trials:
        first = trial.user_attrs.get(CONTINUES, trial.number)
        curves.setdefault(first, {}).update(trial.intermediate_values)
        parts[first] = trial
    contestants = {number: _contestant(part, curves[number]) for number, part in parts.items()}
    finished = finished_by_family(contestants.values())
    for number, part in parts.items():
        one = contestants[number]
        if not _stopped(part):
            yield part
        elif (known := finished.get(one.family)) and one.curve and math.isfinite(one.curve[-1]):
            yield _completed(part, one.curve[-1] * outlook(known, len(one.curve)))


def _contestant(trial: FrozenTrial, curve: dict[int, float]) -> Contestant:
    values = [value for _, value in sorted(curve.items())]
    rest = 0 if trial.state is TrialState.COMPLETE else 1
    return Contestant(trial.number, curve_family(trial.params), values, len(values) + rest)


def _completed(trial: FrozenTrial, forecast: float) -> FrozenTrial:
    """Return a copy of a stopped trial that is complete, with its forecast."""
    shown = copy(trial)
    shown.state, shown.value = TrialState.COMPLETE, forecast
    return shown


def _stopped(trial: FrozenTrial) -> bool:
    return trial.state is TrialState.PRUNED or is_frozen(trial)


def is_frozen(trial: FrozenTrial) -> bool:
    """Say whether a trial waits at a rung; Optuna has it as running."""
    attrs = trial.user_attrs
    return trial.state is TrialState.RUNNING and attrs.get(FROZEN, 0) > attrs.get(PROMOTED, 0)
