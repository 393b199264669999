"""What all jobs share: the contract of a job, the worker it runs on, and training with checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch

from trainables.base.errors import Fault, InputError
from trainables.data.loader import LoaderPool
from trainables.data.loader.unreadable import unreadable
from trainables.training.checkpoints import Checkpoints, CheckpointWriter, History, Restorable

IMAGES = frozenset({".jpg", ".jpeg", ".png"})
"""How the names of images end."""


@dataclass(frozen=True)
class Worker:
    """A process that runs jobs one after another: its device, and what it keeps from job to job."""

    device: torch.device
    pool: LoaderPool = field(default_factory=LoaderPool)
    writer: CheckpointWriter = field(default_factory=CheckpointWriter)


@dataclass(frozen=True)
class Result:
    """What a job reports: the metrics of its epochs from `first_epoch` on that were not reported before.

    `notes` are lines for the user, such as a checkpoint that could not be read; with `done` the job has
    written what came of it.
    """

    first_epoch: int
    history: History
    notes: list[str]
    done: bool


class Job(Protocol):
    """A piece of work and its share of a machine."""

    @property
    def cpus(self) -> int:
        """Threads it may use."""

    @property
    def gpus(self) -> float:
        """Its share of a GPU, or how many."""

    def check(self) -> None:
        """Open all that it reads. Raises `InputError` where that is at fault."""

    def run(self, worker: Worker) -> Iterator[Result]:
        """Do the work; yield after each epoch, the last time with `done`.

        Raises `InputError` where its data is at fault, `Diverged` or `NonFinitePrediction` where the numbers
        are no longer finite, and `DiskFault`.
        """

    def clear(self) -> None:
        """Remove what is of use only until the job has ended: its checkpoints."""


class Report(Protocol):
    """The measurements of an epoch."""

    def metrics(self) -> dict[str, float]:
        """Return every number by its name in `metric_names`."""


class CheckpointedRun:
    """A run that goes on from its newest checkpoint; what it measured since then is reported again.

    The driver may have missed the last results before its worker or it itself died. `notes` may grow while it
    trains; what is there goes with the next result.
    """

    def __init__(self, run: Restorable, checkpoints: Checkpoints, notes: list[str] | None = None) -> None:
        self.history, restored = checkpoints.restore(run)
        self._notes = [] if notes is None else notes  # a result takes those that are there
        self._notes += restored
        self._run, self._checkpoints = run, checkpoints
        self._reported = 0

    def train(
        self, run_epoch: Callable[[], Report], epochs: int, may_freeze_after: Container[int] = ()
    ) -> Iterator[Result]:
        """Call `run_epoch` until so many epochs are completed; yield after each but the last.

        While the caller handles a result, a checkpoint is made; there is none of the last epoch. After the
        epochs in `may_freeze_after` it is written first: another worker may go on from it at once. What a
        checkpoint restored is yielded before training goes on: the driver may have died before it recorded
        the last epoch, and may decide to stop there.
        """
        if self.history and self._run.epoch < epochs:
            yield self.result(done=False)
        while self._run.epoch < epochs:
            self.history.append(run_epoch().metrics())
            if self._run.epoch < epochs:
                self._checkpoints.save(self._run, self.history)
                if self._run.epoch in may_freeze_after:
                    self._checkpoints.flush()
                yield self.result(done=False)
                self._checkpoints.copied()
        self._checkpoints.flush()

    def result(self, *, done: bool) -> Result:
        """Return what is not reported yet."""
        first, self._reported = self._reported, len(self.history)
        notes = self._notes.copy()
        self._notes.clear()
        return Result(first + 1, self.history[first:], notes, done)


def found_here_too(job: Job, faults: Iterable[Fault]) -> Sequence[Fault]:
    """Return the faults of a job's input that this process finds too, after a worker found `faults`."""
    try:
        job.check()
    except InputError as error:
        return error.faults
    files = (Path(fault.file) for fault in faults if fault.file)
    return unreadable([file for file in files if file.suffix in IMAGES])


def run_here(job: Job, worker: Worker) -> Iterator[Result]:
    """Run a job in this process to its end. Raises as it does."""
    try:
        yield from job.run(worker)
    finally:  # also where the user stops it
        worker.writer.wait()
    job.clear()
