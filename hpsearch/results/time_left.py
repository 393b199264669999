"""How long a launch will go on, as its trials so far tell: its search, confirmations and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.results.epoch_time import epoch_s
from hpsearch.results.formats import duration
from hpsearch.results.runs_after import confirmations_after, tests_after
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState


@dataclass(frozen=True)
class Plan:
    """How much is to be done: trials and epochs in all (None: no such limit), in parallel, until when."""

    trials: int | None
    in_parallel: int
    deadline_s: float | None = None
    """Unix seconds after which no further trial starts."""
    epochs: int | None = None


CLOSE = 1.1
"""A range whose ends differ by less than this ratio is said as one number."""


@dataclass(frozen=True)
class TimeLeft:
    """The least and the most seconds."""

    least_s: float
    most_s: float

    def __str__(self) -> str:
        if self.most_s <= CLOSE * self.least_s or self.most_s < 1:
            return duration(self.most_s)
        return f"{duration(self.least_s)} to {duration(self.most_s)}"


def time_left(study: StudyRecord, plan: Plan, now_s: float) -> TimeLeft | None:
    """Estimate the time until the launch ends; None while nothing is known.

    Confirmations are as many as the search's settings ask for at least and at most, and train all their
    epochs. A measurement of test sets takes an epoch's time at most.
    """
    search_s = time_left_s(study, plan, now_s)
    if search_s is None:
        return None
    each_s = epoch_s(study.trials) or _untimed_s(study.trials, now_s)
    begun = sum(trial.confirms is not None for trial in study.trials)
    tested = sum(bool(trial.test) for trial in study.trials)
    runs = [max(count - begun, 0) for count in confirmations_after(study.spec, plan.trials)]
    tests = max(tests_after(study.spec, plan.trials)[1] - tested, 0)
    least, most = (search_s + count * study.spec.epochs * each_s / plan.in_parallel for count in runs)
    return TimeLeft(least, most + tests * each_s / plan.in_parallel)


def _untimed_s(trials: Sequence[TrialRecord], now_s: float) -> float:
    """Return the seconds of an epoch where no epoch says what it took: those that trials were open."""
    open_s = sum((now_s if trial.ended_s is None else trial.ended_s) - trial.started_s for trial in trials)
    return open_s / max(sum(len(trial.epochs) for trial in trials), 1)


def time_left_s(study: StudyRecord, plan: Plan, now_s: float) -> float | None:
    """Estimate the seconds until the last trial of the search ends; None while nothing is known.

    Epochs still to come are expected to take as long as those that were trained did on average. Trials
    likewise, as long as those that ended, pruned ones included; before one has ended, or where it has taken
    longer than they did, as long as a running one would at its pace.
    """
    running = [trial for trial in study.trials if trial.state is TrialState.RUNNING]
    # a budget of epochs alone is spent by new and thawed trials alike: how many there will be, nobody knows
    if plan.epochs is not None and plan.trials is None and plan.deadline_s is None:
        left, each_s = max(plan.epochs - sum(len(t.epochs) for t in study.searched), 0), epoch_s(study.trials)
        return None if each_s is None else left * each_s / plan.in_parallel
    took_s = [t.trained_s or t.ended_s - t.started_s for t in study.trials if t.ended_s is not None]
    if not took_s:  # none has ended: what is known is how fast those that run are
        took_s = [
            (now_s - trial.started_s) / len(trial.epochs) * trial.config.epochs
            for trial in running
            if trial.epochs
        ]
    if not took_s:
        return None
    mean_s = sum(took_s) / len(took_s)
    work_s = sum(_trial_left_s(trial, mean_s, now_s - trial.started_s) for trial in running)
    estimates = [] if plan.deadline_s is None else [max(plan.deadline_s - now_s, 0.0) + mean_s]
    if plan.trials is not None:
        waiting = max(plan.trials - len(study.searched), 0)
        estimates.append((work_s + waiting * mean_s) / plan.in_parallel)
    return min(estimates, default=None)


def _trial_left_s(trial: TrialRecord, mean_s: float, elapsed_s: float) -> float:
    if elapsed_s < mean_s or not trial.epochs:
        return max(mean_s - elapsed_s, 0.0)
    return elapsed_s / len(trial.epochs) * (trial.config.epochs - len(trial.epochs))
