"""The trials of a study as the data that all charts of trials share, one flat record each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hpsearch.report.charts.clock import Clock, clock_of
from hpsearch.report.charts.dimensions import NONE_AT, Dimension, dimensions
from hpsearch.report.charts.error_axis import ErrorSpan, span_of
from hpsearch.report.style import task_of
from hpsearch.results.formats import duration
from hpsearch.study.naming import run_name, short_names
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.target.metric import Metric

DIGITS = 3
"""After the point, of errors and of places on axes: finer than a pixel."""
CURVE_DIGITS = 2

MOST_TRIALS = 1_000
"""Trials on the page, the best: more make it slow, and nobody tells their lines apart."""

MOST_POINTS = 15_000
"""Points of all learning curves together: longer ones are thinned, so that the page stays small."""


@dataclass(frozen=True)
class ChartTrials:
    """The trials of a search with an epoch or more, the best of very many, and the axes on which they lie."""

    trials: tuple[TrialRecord, ...]
    errors: Mapping[int, float]
    """The objective of each trial, the last error of one that has none yet; by number."""
    dimensions: tuple[Dimension, ...]
    span: ErrorSpan | None
    """The range of the errors; None where no trial has one."""
    tasks: tuple[str, ...]
    """The pretext tasks that were tried, which give the colours."""
    objective: Metric
    clock: Clock
    """When and where each ran."""

    @cached_property
    def curve_step(self) -> int:
        """Epochs from one point of a curve to the next; the last epoch is always one."""
        return math.ceil(sum(len(trial.epochs) for trial in self.trials) / MOST_POINTS) or 1

    def records(self) -> list[dict[str, Any]]:
        """Return the record of each trial: its name, state, error, curve and position on each axis."""
        names = short_names(self.trials)
        return [self._record(trial, names) for trial in self.trials]

    def _record(self, trial: TrialRecord, names: Mapping[str, str]) -> dict[str, Any]:
        number = trial.number
        error, curve = self.errors.get(number), curve_of(trial, self.objective.name)
        return {
            "trial": number,
            "name": run_name(trial, names),
            "state": trial.state.value,
            "task": task_of(trial.config),
            "error": None if error is None else round(error, DIGITS),
            "epochs": len(curve),
            "asked": self.clock.asked[number],
            "ended": self.clock.ended(number),
            "bars": [[bar.lane, bar.began, bar.ended, bar.frozen] for bar in self.clock.bars[number]],
            "waits": [
                [[one.lane, one.ended], [two.lane, two.began]] for one, two in self.clock.waits(number)
            ],
            "trained": duration(trial.trained_s),
            "waited": "" if trial.ended_s is None else duration(_waited_s(trial, trial.ended_s)),
            "curve": [round(value, CURVE_DIGITS) for value in _thinned(curve, self.curve_step)],
            **{axis.key: self._at(axis, number) for axis in self.dimensions},
        }

    def _at(self, axis: Dimension, number: int) -> float:
        return round(axis.positions.get(number, NONE_AT), DIGITS)


def chart_trials(study: StudyRecord) -> ChartTrials:
    """Return the search's trials; confirmations repeat the designs of some of them."""
    best = sorted(study.leaderboard()[:MOST_TRIALS], key=lambda trial: trial.number)
    trials = tuple(trial for trial in best if trial.epochs or trial.state is TrialState.FAILED)
    errors = {
        trial.number: error for trial in trials if (error := _error(trial, study.objective.name)) is not None
    }
    return ChartTrials(
        trials=trials,
        errors=errors,
        dimensions=dimensions(best),
        span=span_of((round(error, DIGITS) for error in errors.values()), study.objective)
        if errors
        else None,
        tasks=tuple(dict.fromkeys(task_of(trial.config) for trial in trials)),
        objective=study.objective,
        clock=clock_of(trials),
    )


def _waited_s(trial: TrialRecord, ended_s: float) -> float:
    """Return the seconds that a trial was open and did not train: frozen, restarted or not yet placed."""
    return max(ended_s - trial.started_s - trial.trained_s, 0.0) if trial.trained_s else 0.0


def curve_of(trial: TrialRecord, objective: str) -> Sequence[float]:
    """Return the objective after each epoch up to the first that is no number."""
    found = []
    for row in trial.epochs:
        value = row.get(objective, math.nan)
        if not math.isfinite(value):
            break
        found.append(value)
    return found


def _thinned(curve: Sequence[float], step: int) -> list[float]:
    """Return every `step`-th value from the first on, and the last."""
    return [*curve[:-1:step], *curve[-1:]]


def _error(trial: TrialRecord, objective: str) -> float | None:
    if trial.objective is not None:
        return trial.objective if math.isfinite(trial.objective) else None
    curve = curve_of(trial, objective)
    return curve[-1] if curve else None
