"""After the search: the leaders, the baseline and their confirmations are evaluated once on the test sets."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass

from hpsearch.driver.observers import Observers
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.study.records import Placement, StudyRecord, TrialRecord
from hpsearch.study.study import Study
from hpsearch.study.trial_log import Log
from trainables.training.checkpoints import History
from trainables.training.jobs import FinalTestJob


def leaders_to_evaluate(study: StudyRecord, leaders: int, begun: Container[int]) -> Iterator[TrialRecord]:
    """Yield the finished trials whose test sets have been neither measured yet nor begun to be.

    They are those of the best `leaders` designs, of the leading helper and of the baseline, confirmations
    among them, so that a test error is a mean over the same runs as the error that it stands beside.
    """
    arms = arms_of(study)
    found = compare(arms, study.equal_within)
    finished = [arm for arm in arms if arm.mean is not None]
    chosen = [arm for arm in (*finished[:leaders], found.leader, found.baseline) if arm is not None]
    trials = {trial.number: trial for arm in chosen for trial, _ in arm.runs()}
    for number, trial in trials.items():
        if trial.config.data.test and not trial.test and number not in begun:
            yield trial


@dataclass(frozen=True)
class FinalTestItem:
    """The measurement of one leader; see `hpsearch.work.items.WorkItem`."""

    job: FinalTestJob
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

    def on_error(self, details: str) -> None:
        """Keep it in the study's log."""
        Log(self.study.folder).say(f"test of trial {self.job.number}: {details}")

    def on_note(self, note: str) -> None:
        """Show the user a line."""
        self.observers.say(f"test of trial {self.job.number}: {note}")
