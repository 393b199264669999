"""A running trial: records its epochs in the study, and stops it where the pruner or a rung says so."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from hpsearch.driver.allocation import Allocation
from hpsearch.driver.failures import Failures
from hpsearch.driver.observers import Observers
from hpsearch.driver.stopped import StoppedTrials
from hpsearch.study.records import Placement, Stint
from hpsearch.study.study import Study
from hpsearch.study.trial_log import Log
from trainables.training.checkpoints import History
from trainables.training.jobs import TrialJob

MILLISECONDS = 3
"""Digits of a second."""


@dataclass(frozen=True)
class TrialItem:
    """One trial; see `hpsearch.work.items.WorkItem`."""

    job: TrialJob
    study: Study
    allocation: Allocation
    stopped: StoppedTrials
    observers: Observers
    failures: Failures
    given_out_s: float = field(default_factory=time.time)
    """Since when a worker has it, in Unix seconds."""

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Record epochs; return True where the pruner ends the trial, or it is frozen at a rung.

        Epochs beyond the first stop are left out: a worker that goes on from a checkpoint may know more of
        them than the study, and the trial shall stop where it would have stopped without the restart.
        """
        number = self.job.number
        if self.study.ended(number):
            return True
        self.study.place(number, placement)
        stint = Stint(round(self.given_out_s, MILLISECONDS), self.study.epochs_done(number), placement.host)
        self.failures.trained()
        if first_epoch == 1 and history:
            self._log.say(f"trains on {placement.host}, {placement.device}")
        stop = any(self._stops(epoch, metrics) for epoch, metrics in enumerate(history, start=first_epoch))
        repeats = self.study.epochs_done(number) == stint.epochs_done  # what a checkpoint holds
        if not repeats and not self.study.ended(number):  # what was pruned for good takes no more
            self.study.worked(number, stint, round(time.time(), MILLISECONDS))
        self.observers.changed(self.study, number)
        return stop

    def _stops(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Record one epoch; return True where the trial stops after it."""
        number, objective = self.job.number, self.study.spec.objective.name
        self._log.say(f"epoch {epoch}/{self.job.epochs}: {objective} {metrics[objective]:.4f}")
        if self.study.report(number, epoch, metrics):
            self.study.prune(number)
            self._log.say(f"pruned after epoch {epoch}: others were better")
            self.stopped.pruned(number)
            self.allocation.ended(number)
            return True
        if self.allocation.freeze_or_promote(number):
            self._log.say(f"frozen after epoch {epoch}: it waits with its checkpoint, and may be thawed")
            self.stopped.frozen(number)
            self.stopped.make_room(self.study, self.allocation, self.observers)
            return True
        return False

    def on_done(self) -> None:
        """End a trial that trained its full budget."""
        self.study.complete(self.job.number)
        self._log.say("complete")
        self._end()

    def on_failed(self, reason: str) -> None:
        """End a trial that failed for good."""
        self.study.fail(self.job.number, reason)
        self._log.say(f"failed: {reason}")
        self.failures.add(reason)
        self._end()

    @property
    def _log(self) -> Log:
        return Log(self.job.folder)

    def _end(self) -> None:
        self.allocation.ended(self.job.number)
        self.observers.changed(self.study, self.job.number)

    def on_error(self, details: str) -> None:
        """Keep it in the trial's log."""
        self._log.say(details)

    def on_note(self, note: str) -> None:
        """Show the user a line, and keep it in the trial's log."""
        self._log.say(note)
        self.observers.say(f"trial {self.job.number}: {note}")
