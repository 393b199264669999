"""A sampler that learns from stopped trials too: by the error that they are forecast to end with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from copy import copy
from copy import deepcopy as deepcopied
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from hpsearch.study.journal.schema import CONTINUES, FROZEN, PROMOTED
from hpsearch.study.policy.families import curve_family
from hpsearch.study.policy.outlook import Outlook


class WithForecasts(BaseSampler):
    """Shows frozen and pruned trials to another sampler as complete, with their forecast errors.

    What a stopped trial reached is no final value: learning curves fall, and cross between families. Taken
    for one it would make the sampler prefer what learns fast. So its error counts times what the finished
    trials of its family made of theirs from there on, as in halving. It is hidden where its family has none.
    """

    def __init__(self, sampler: BaseSampler) -> None:
        self._sampler = sampler
        self._shown: optuna.Study | None = None
        """The study as it is shown while one trial is sampled: reading it is most of what that costs."""

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the joint search space of the trials that are shown."""
        return self._sampler.infer_relative_search_space(self._show(study), trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return values for the joint search space."""
        return self._sampler.sample_relative(self._show(study), trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value for one parameter outside the joint search space."""
        return self._sampler.sample_independent(self._show(study), trial, param_name, param_distribution)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Pass on; the study has changed since the last trial."""
        self._shown = None
        self._sampler.before_trial(self._show(study), trial)

    def _show(self, study: optuna.Study) -> optuna.Study:
        if self._shown is None:
            self._shown = cast(optuna.Study, _ForecastStudy(study))
        return self._shown


class _ForecastStudy:
    """A study whose stopped trials are complete; everything else is the study's own.

    Optuna's samplers read trials through `_get_trials`, which has no public twin with a cache.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        self._forecasts: list[FrozenTrial] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        if self._forecasts is None:
            self._forecasts = list(with_forecasts(self._study._get_trials(deepcopy=False)))
        shown = [trial for trial in self._forecasts if states is None or trial.state in states]
        return deepcopied(shown) if deepcopy else shown


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
    outlooks: dict[str, Outlook] = defaultdict(Outlook)
    for number, part in parts.items():
        if part.state is TrialState.COMPLETE and (curve := _values(curves[number])):
            outlooks[curve_family(part.params)].add(curve)
    for number, part in parts.items():
        if not _stopped(part):
            yield part
            continue
        outlook, curve = outlooks[curve_family(part.params)], _values(curves[number])
        if outlook and curve and math.isfinite(curve[-1]):
            yield _completed(part, curve[-1] * outlook.factor(len(curve)))


def _values(curve: dict[int, float]) -> list[float]:
    """Return a curve's values in the order of its epochs."""
    return [curve[epoch] for epoch in sorted(curve)]


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
