"""Arms: the trials of one design, which differ in their seed alone."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hpsearch.results.statistics import Interval, interval
from hpsearch.study.records import STATES_IN_ORDER, StudyRecord, TrialRecord, TrialState, judged_runs
from trainables.target.metric import Metric
from trainables.training.config import TrainConfig


@dataclass(frozen=True)
class Arm:
    """One design and every trial of it, one or more, in the order they were asked."""

    trials: tuple[TrialRecord, ...]
    objective: Metric

    @property
    def config(self) -> TrainConfig:
        """The design; its seed is that of the first trial."""
        return self.trials[0].config

    @cached_property
    def finished(self) -> Mapping[int, TrialRecord]:
        """The complete trial of each seed; where the arm was confirmed, only those runs."""
        return judged_runs(self.trials)

    @property
    def confirmed(self) -> bool:
        """Whether it was trained again, with seeds of its own, after the search."""
        return any(trial.confirms is not None for trial in self.finished.values())

    @cached_property
    def values(self) -> Mapping[int, float]:
        """The objective of each seed that finished."""
        found = {seed: trial.objective for seed, trial in sorted(self.finished.items())}
        return {seed: value for seed, value in found.items() if value is not None}

    def runs(self) -> list[tuple[TrialRecord, float]]:
        """Return every complete trial with its objective."""
        return [
            (trial, trial.objective)
            for trial in self.trials
            if trial.state is TrialState.COMPLETE and trial.objective is not None
        ]

    @property
    def best_run(self) -> TrialRecord:
        """Of its complete trials the one with the best objective; it must have one."""
        return min(self.runs(), key=lambda run: (self.objective.cost(run[1]), run[0].number))[0]

    @property
    def thinned(self) -> bool:
        """Whether some of its seeds were stopped for their errors, so that those which finished are the lucky
        ones. New runs settle it: confirmations are never stopped."""
        return not self.confirmed and any(trial.state.stopped for trial in self.trials)

    @property
    def shares_pretraining(self) -> bool:
        """Whether all of its seeds started from the same pretrained weights."""
        folders = {trial.pretrained for trial in self.finished.values()}
        return len(folders) == 1 and None not in folders

    @cached_property
    def mean(self) -> Interval | None:
        """The mean objective over its seeds; None where none finished."""
        return interval(list(self.values.values())) if self.values else None

    @property
    def level(self) -> float:
        """The mean objective over its seeds, of which one or more finished."""
        return statistics.fmean(self.values.values())

    @property
    def state(self) -> TrialState:
        """How far it got: the best state of its trials."""
        states = {trial.state for trial in self.trials}
        return next(state for state in STATES_IN_ORDER if state in states)

    @property
    def epochs(self) -> int:
        """The epochs of its longest trial."""
        return max(len(trial.epochs) for trial in self.trials)

    @property
    def is_supervised_alone(self) -> bool:
        """Whether it has no pretext task; its initial weights may be pretrained."""
        return self.config.pretext.is_baseline

    @property
    def starts_random(self) -> bool:
        """Whether its initial weights are random."""
        return self.config.init.is_random

    def metric(self, name: str) -> float | None:
        """Return the mean of a metric after the last epoch over its seeds, None where one lacks it."""
        found = [trial.epochs[-1].get(name) for trial in self.finished.values() if trial.epochs]
        known = [value for value in found if value is not None]
        return math.fsum(known) / len(known) if known and len(known) == len(found) else None

    def best_epoch(self, metric: Metric) -> float | None:
        """Return the mean over its seeds of each run's best value of a metric after any epoch."""
        name = metric.name
        runs = [[row[name] for row in trial.epochs if name in row] for trial in self.finished.values()]
        if not runs or not all(runs):
            return None
        return math.fsum(min(run, key=metric.cost) for run in runs) / len(runs)

    def test(self, name: str) -> Interval | None:
        """Return the mean of a test error over its seeds that were tested; None where none was."""
        found = [trial.test[name] for trial in self.finished.values() if name in trial.test]
        return interval(found) if found else None


def arms_of(study: StudyRecord) -> tuple[Arm, ...]:
    """Return the arms of a study, best first.

    Confirmed arms come first, as on the leaderboard, then arms with several seeds, both by their mean: a
    single run that looks better may be luck. Then single runs by their value, then unfinished arms.
    """
    arms = [Arm(trials, study.objective) for trials in study.designs().values()]
    places = {trial.number: place for place, trial in enumerate(study.leaderboard())}

    def key(arm: Arm) -> tuple[int, float, int]:
        place = min(places.get(trial.number, len(places)) for trial in arm.trials)
        if arm.mean is None:
            return 3, 0.0, place
        return (0 if arm.confirmed else 1 if arm.mean.n > 1 else 2), arm.objective.cost(arm.mean.mean), place

    return tuple(sorted(arms, key=key))
