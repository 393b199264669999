"""How long a search will go on, as its trials so far tell."""

from __future__ import annotations

from dataclasses import dataclass

from hpsearch.study.records import StudyRecord, TrialRecord, TrialState


@dataclass(frozen=True)
class Plan:
    """How much is to be done: trials and epochs in all (None: no such limit), in parallel, until when."""

    trials: int | None
    side_by_side: int
    deadline_s: float | None = None
    """Unix seconds after which no further trial starts."""
    epochs: int | None = None


def time_left_s(study: StudyRecord, plan: Plan, now_s: float) -> float | None:
    """Estimate the seconds until the last trial ends; None while nothing is known.

    Epochs still to come are expected to take as long as those that were trained did on average. Trials
    likewise, as long as those that ended, pruned ones included; before one has ended, or where it has taken
    longer than they did, as long as a running one would at its pace.
    """
    running = [trial for trial in study.trials if trial.state is TrialState.RUNNING]
    # a budget of epochs alone is spent by new and thawed trials alike: how many there will be, nobody knows
    if plan.epochs is not None and plan.trials is None and plan.deadline_s is None:
        done, trained_s = sum(len(t.epochs) for t in study.searched), sum(t.trained_s for t in study.searched)
        return max(plan.epochs - done, 0) * trained_s / done / plan.side_by_side if trained_s else None
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
        estimates.append((work_s + waiting * mean_s) / plan.side_by_side)
    return min(estimates, default=None)


def _trial_left_s(trial: TrialRecord, mean_s: float, elapsed_s: float) -> float:
    if elapsed_s < mean_s or not trial.epochs:
        return max(mean_s - elapsed_s, 0.0)
    return elapsed_s / len(trial.epochs) * (trial.config.epochs - len(trial.epochs))
