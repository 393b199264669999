"""How a study stands that has not ended, in one sentence: the terminal and the page say the same."""

from __future__ import annotations

from hpsearch.study.records import StudyRecord, StudyState, TrialState
from hpsearch.study.store import state_of


def standing(study: StudyRecord, *, leaving: bool = False) -> str:
    """Return the sentence; empty for a study that has ended. `leaving` as for `state_of`."""
    running = sum(trial.state is TrialState.RUNNING for trial in study.trials)
    return standing_of(state_of(study, leaving=leaving), len(study.trials), running)


def standing_of(state: StudyState, trials: int, running: int) -> str:
    """Return the sentence from counts of trials, confirmations among them."""
    match state:
        case StudyState.RUNNING:
            return f"The study is running: {trials} trials so far, {running} of them now."
        case StudyState.INTERRUPTED:
            return "The study was interrupted: launch its file again, and it goes on."
        case StudyState.COMPLETE:
            return ""
