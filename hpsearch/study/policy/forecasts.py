"""A sampler that learns from stopped trials too: they are shown to it as complete, with forecast errors."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from copy import copy
from copy import deepcopy as deepcopied
from functools import cache
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpsearch.study.journal.schema import FROZEN, PROMOTED

Trials = Callable[[], Sequence[FrozenTrial]]


class WithForecasts(BaseSampler):
    """Shows another sampler `ended()` in place of the complete and pruned trials of its study.

    `hpsearch.study.policy.experience.Experience` says which those are, and with which errors. They have a
    value of each of `directions`; the study itself has the first direction alone. `running()` are those that
    run, without the frozen ones: Optuna would look through all trials for them.
    """

    def __init__(
        self, sampler: BaseSampler, ended: Trials, running: Trials, directions: Sequence[StudyDirection]
    ) -> None:
        self._sampler = sampler
        self._ended = ended
        self._running = running
        self._directions = list(directions)
        self._shown: optuna.Study | None = None
        """The study as it is shown while one trial is sampled: its trials are read once, if at all."""

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
        """Forget the last trial's study: it has changed since."""
        self._shown = None

    def _show(self, study: optuna.Study) -> optuna.Study:
        if self._shown is None:
            shown = _ShownStudy(study, cache(self._ended), self._running, self._directions)
            self._shown = cast(optuna.Study, shown)
        return self._shown


class _ShownStudy:
    """A study that has other trials that ended, and maybe more objectives; the rest is the study's own.

    Optuna's samplers read trials through `_get_trials`, which has no public twin with a cache.
    """

    def __init__(
        self, study: optuna.Study, ended: Trials, running: Trials, directions: list[StudyDirection]
    ) -> None:
        self._study = study
        self._ended = ended
        self._running = running
        self.directions = directions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _is_multi_objective(self) -> bool:
        return len(self.directions) > 1

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        shown = [trial for trial in self._ended() if states is None or trial.state in states]
        if states is None or TrialState.RUNNING in states:
            shown += self._running()
        return deepcopied(shown) if deepcopy else shown


def completed(trial: FrozenTrial, values: Sequence[float]) -> FrozenTrial:
    """Return a copy of a trial that is complete, with a value of each objective."""
    shown = copy(trial)
    shown.state, shown.values = TrialState.COMPLETE, values
    return shown


def is_frozen(trial: FrozenTrial) -> bool:
    """Say whether a trial waits at a rung; Optuna has it as running."""
    attrs = trial.user_attrs
    return trial.state is TrialState.RUNNING and attrs.get(FROZEN, 0) > attrs.get(PROMOTED, 0)
