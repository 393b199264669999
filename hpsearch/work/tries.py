"""Tries of a job: what its item hears of a result and of a death is the same on every backend."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from typing import Any

from hpsearch.study.records import Placement
from hpsearch.work.items import WorkItem
from hpsearch.work.known_designs import KnownDesigns
from hpsearch.work.shares import larger_share
from trainables.training.footprint import MemoryShape
from trainables.training.gpu_memory import OutOfGpuMemory
from trainables.training.jobs import Job, Result, TrialJob


@dataclass(frozen=True)
class Death:
    """Why a try ended before its job did, in one line, and all that is known of it, such as a traceback.

    `short` is the lack of GPU memory where that was the reason.
    """

    reason: str
    details: str
    short: OutOfGpuMemory | None = None

    @classmethod
    def by(cls, error: Exception) -> Death:
        """Return the death by an error that the job raised in this process."""
        short = error if isinstance(error, OutOfGpuMemory) else None
        details = "".join(traceback.format_exception(error))
        return cls(str(short) if short else described(error), details, short)


def described(error: Exception) -> str:
    """Return an error in one line, with its type."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].strip()}" if lines else type(error).__name__


def deliver(item: WorkItem, result: Result, placement: Placement) -> bool:
    """Tell an item of a result; return whether its job ends here, by itself or because the item stops it."""
    for note in result.notes:
        item.on_note(note)
    stop = item.on_epochs(result.first_epoch, result.history, placement)
    if result.done and not stop:
        item.on_done()
    return stop or result.done


def try_again(item: WorkItem, job: Job, death: Death) -> Job:
    """Tell an item that its job starts again; return the job, with a larger share of a GPU if it needs it."""
    item.on_error(death.details)
    again = f"starts again: {death.reason}"
    if death.short is not None:
        given: Any = job  # every job is a dataclass, which the contract of a job does not say
        job = replace(given, gpus=larger_share(death.short))
        again += f"; now with {job.gpus:g} of a GPU"
    item.on_note(again)
    return job


def give_up(item: WorkItem, death: Death) -> None:
    """Tell an item that its job failed for good: no try is left."""
    item.on_error(death.details)
    item.on_failed(death.reason)


def learn_need(job: Job, death: Death, known: KnownDesigns) -> None:
    """Note for the next trials of a trial's kind of design what share of a GPU it turned out to need."""
    if death.short is None or not isinstance(job, TrialJob):
        return
    shape, needed = MemoryShape.of(job.config), larger_share(death.short)
    if needed > known.of(shape).least_share:
        known.learn({shape: {"least_share": needed}})
