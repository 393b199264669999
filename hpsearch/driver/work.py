"""What a search hands out and hears back, whoever runs it: items, each with the share that it takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from hpsearch.study.records import Placement
from trainables.training.checkpoints import History
from trainables.training.jobs import Job


@dataclass(frozen=True)
class TrialResources:
    """What one trial takes, and how many run side by side (None: as many as fit)."""

    cpus: int
    gpus: float
    concurrent: int | None


class WorkItem(Protocol):
    """A job, and who hears what becomes of it. Called in the driver's one thread, between results."""

    @property
    def job(self) -> Job[Any]:
        """What a worker is sent."""

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Take in what the job reached since last time; return whether it shall stop now."""

    def on_done(self) -> None:
        """The job trained its full budget."""

    def on_failed(self, reason: str) -> None:
        """The job failed for good."""

    def on_note(self, note: str) -> None:
        """Something a person should hear: a restart, a checkpoint that could not be read."""


class NoWork(Enum):
    """No item: none can start yet (`WAIT`), or none is left (`DONE`)."""

    WAIT = "wait"
    DONE = "done"


class WorkSource(Protocol):
    """Who decides. Called in the driver's one thread, between results."""

    def next_item(self) -> WorkItem | NoWork:
        """Return what to run next. Called about once a second while there is nothing yet."""
