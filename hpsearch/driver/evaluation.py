"""After the search: the leaders are evaluated once on the test sets."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from hpsearch.driver.observers import Observers
from hpsearch.study.records import Placement, StudyRecord, TrialRecord, TrialState
from hpsearch.study.study import Study
from trainables.training.checkpoints import History
from trainables.training.jobs import EvaluationJob


def leaders_to_evaluate(study: StudyRecord, leaders: int, begun: Container[int]) -> Iterator[TrialRecord]:
    """Yield the best trials whose test sets have been neither measured yet nor begun to be."""
    finished = [trial for trial in study.leaderboard() if trial.state is TrialState.COMPLETE]
    for trial in finished[:leaders]:
        if trial.config.data.test and not trial.test and trial.number not in begun:
            yield trial


@dataclass(frozen=True)
class EvaluationItem:
    """The measurement of one leader; see `hpsearch.driver.work.WorkItem`."""

    job: EvaluationJob
    study: Study
    observers: Observers

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Record the one measurement."""
        for metrics in history:
            self.study.tested(self.job.number, metrics)
        self.observers.changed(self.study, self.job.number)
        return False

    def on_done(self) -> None:
        """It is recorded."""

    def on_failed(self, reason: str) -> None:
        """Say so; the trial stays what it is."""
        self.observers.say(f"trial {self.job.number} could not be measured on the test sets: {reason}")

    def on_note(self, note: str) -> None:
        """Show a person the line."""
        self.observers.say(f"test of trial {self.job.number}: {note}")
