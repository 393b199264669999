"""A running trial: records its epochs in the study, and stops it where the pruner or a rung says so."""

from __future__ import annotations

from dataclasses import dataclass

from hpsearch.driver.observers import Observers
from hpsearch.driver.stopped import StoppedTrials
from hpsearch.study.allocation import Allocation
from hpsearch.study.records import Placement
from hpsearch.study.study import Study
from trainables.training.checkpoints import History
from trainables.training.jobs import TrialJob


@dataclass(frozen=True)
class TrialItem:
    """One trial; see `hpsearch.driver.work.WorkItem`."""

    job: TrialJob
    study: Study
    allocation: Allocation
    stopped: StoppedTrials
    observers: Observers

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Record epochs; return True where the pruner ends the trial, or it is frozen at a rung."""
        number = self.job.number
        if self.study.ended(number):
            return True
        self.study.place(number, placement)
        stop = False
        for epoch, metrics in enumerate(history, start=first_epoch):
            stop = self.study.report(number, epoch, metrics) or stop
        if stop:
            self.study.prune(number)
            self.stopped.pruned(number)
            self.allocation.ended(number)
        elif stop := self.allocation.pauses(number):
            self.stopped.frozen(number)
            self.stopped.make_room(self.study, self.allocation, self.observers)
        self.observers.changed(self.study, number)
        return stop

    def on_done(self) -> None:
        """End a trial that trained its full budget."""
        self.study.complete(self.job.number)
        self._end()

    def on_failed(self, reason: str) -> None:
        """End a trial that failed for good."""
        self.study.fail(self.job.number, reason)
        self._end()

    def _end(self) -> None:
        self.allocation.ended(self.job.number)
        self.observers.changed(self.study, self.job.number)

    def on_note(self, note: str) -> None:
        """Show a person the line."""
        self.observers.say(f"trial {self.job.number}: {note}")
