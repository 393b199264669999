"""A trial under way: its epochs go into the study, and the study says when it stops."""

from __future__ import annotations

from dataclasses import dataclass

from hpsearch.driver.observers import Observers
from hpsearch.study.records import Placement
from hpsearch.study.study import Study
from trainables.training.checkpoints import History
from trainables.training.jobs import TrialJob


@dataclass(frozen=True)
class TrialItem:
    """One trial; see `hpsearch.driver.work.WorkItem`."""

    job: TrialJob
    study: Study
    observers: Observers

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Record epochs; where the pruner says so, end the trial as pruned and return True."""
        number = self.job.number
        if self.study.ended(number):
            return True
        self.study.place(number, placement)
        stop = False
        for epoch, metrics in enumerate(history, start=first_epoch):
            stop = self.study.report(number, epoch, metrics) or stop
        if stop:
            self.study.prune(number)
        self.observers.changed(self.study, number)
        return stop

    def on_done(self) -> None:
        """End a trial that trained its full budget."""
        self.study.complete(self.job.number)
        self.observers.changed(self.study, self.job.number)

    def on_failed(self, reason: str) -> None:
        """End a trial that failed for good."""
        self.study.fail(self.job.number, reason)
        self.observers.changed(self.study, self.job.number)

    def on_note(self, note: str) -> None:
        """Show a person the line."""
        self.observers.say(f"trial {self.job.number}: {note}")
