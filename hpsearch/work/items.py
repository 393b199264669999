"""Work items: what the driver hands to a worker, and how it takes in what the worker reports."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Protocol

from hpsearch.study.records import Placement
from trainables.base.errors import Fault
from trainables.training.checkpoints import History
from trainables.training.jobs import Job


class WorkItem(Protocol):
    """A job, and what happens with its results. Called in the driver's one thread, between results."""

    @property
    def job(self) -> Job:
        """What a worker is sent."""

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Record the epochs since the last call; return whether the job shall stop now."""

    def on_done(self) -> None:
        """Record that the job ran to its end."""

    def on_failed(self, reason: str) -> None:
        """Record that the job failed for good."""

    def on_error(self, details: str) -> None:
        """Keep all that an error of the job's process said, such as its traceback."""

    def on_note(self, note: str) -> None:
        """Show the user a line: a restart, a checkpoint that could not be read."""


class NoWork(Enum):
    """No item now: none can start yet (`WAIT`), or none is left (`DONE`)."""

    WAIT = "wait"
    DONE = "done"


class WorkSource(Protocol):
    """Decides what runs next. Called in the driver's one thread, between results."""

    def next_item(self) -> WorkItem | NoWork:
        """Return what to run next. Called about once a second while the answer is `WAIT`."""

    def input_lost(self, item: WorkItem, faults: Sequence[Fault]) -> None:
        """Take an item back whose input a worker and this process both found bad, as `faults` say.

        That is no fault of the item: it is handed out again where the input comes back.
        """
