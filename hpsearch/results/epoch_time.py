"""How long an epoch takes, as those that were trained did: a plan and the time left both ask here."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from hpsearch.study.records import TrialRecord
from trainables.training.metric_names import EPOCH_S


def epoch_s(trials: Sequence[TrialRecord]) -> float | None:
    """Return the mean seconds of an epoch; None where none was timed.

    They are those of trials that have ended. Before one has, the first epoch of a trial on a worker, which
    warms up, is left out as soon as another is known: it may take several times as long.
    """
    ended = [trial for trial in trials if trial.ended_s is not None and trial.trained_s]
    if ended:
        return sum(trial.trained_s for trial in ended) / sum(len(trial.epochs) for trial in ended)
    timed = [
        (place in {0, *(stint.epochs_done for stint in trial.stints)}, metrics[EPOCH_S])
        for trial in trials
        for place, metrics in enumerate(trial.epochs)
        if EPOCH_S in metrics
    ]
    later = [seconds for warms_up, seconds in timed if not warms_up]
    return fmean(later or [seconds for _, seconds in timed]) if timed else None
