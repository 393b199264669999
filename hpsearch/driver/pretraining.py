"""Pretrainings that trials wait for: each is trained once, by this launch or by another that needs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hpsearch.driver.jobs import JobFactory
from hpsearch.study.records import Placement, PretrainingRecord, TrialState
from hpsearch.study.trial_log import Log
from trainables.base.locks import FileLock
from trainables.model.inits import Pretraining
from trainables.training.checkpoints import Checkpoints, History
from trainables.training.jobs import PretrainingJob
from trainables.training.jobs.pretraining import LOCK

SAY_EVERY_S = 30.0
"""How often the progress of a pretraining is shown."""


@dataclass
class Pretrainings:
    """Hands out the pretrainings that nobody else trains, and remembers which failed.

    `store` is the folder of all that were ever trained; `on_change` is called after every epoch, `say` shows
    a line.
    """

    store: Path
    jobs: JobFactory
    on_change: Callable[[PretrainingRecord], None]
    say: Callable[[str], None]

    def __post_init__(self) -> None:
        self._under_way: dict[str, FileLock] = {}
        self._failed: dict[str, str] = {}
        self._awaited: set[str] = set()
        self._done: set[str] = set()

    def failed(self, wanted: Pretraining) -> str | None:
        """Return why a pretraining failed for good in this launch, or None."""
        return self._failed.get(wanted.name)

    def trunk(self, wanted: Pretraining) -> Path | None:
        """Return the trunk that a pretraining ended with, None while it is not done.

        One that this launch trained is there: a network file system may show its file a minute late.
        """
        trunk = wanted.trunk(self.store)
        return trunk if wanted.name in self._done or trunk.is_file() else None

    def item(self, wanted: Pretraining) -> PretrainingItem | None:
        """Return the pretraining to run, None while it is under way here or elsewhere."""
        name = wanted.name
        if name in self._under_way:
            return None
        lock = FileLock.take(self.store / name / LOCK)
        if lock is None:
            if name not in self._awaited:
                self.say(f"pretraining {wanted.title}: another launch is training it; its trials wait")
            self._awaited.add(name)
            return None
        if self.trunk(wanted) is not None:  # done by the other launch just now
            lock.release()
            return None
        self._under_way[name] = lock
        return PretrainingItem(self.jobs.pretraining(wanted, self.store / name), self)

    def ended(self, wanted: Pretraining, reason: str | None) -> None:
        """Note that a pretraining ended; `reason` says why it failed, None: it did not."""
        if reason is None:
            self._done.add(wanted.name)
        else:
            self._failed[wanted.name] = reason
        self._under_way.pop(wanted.name).release()

    def close(self) -> None:
        """Leave what is under way to other launches: the process may be a notebook's, which goes on."""
        while self._under_way:
            self._under_way.popitem()[1].release()


class PretrainingItem:
    """One pretraining under way; see `hpsearch.work.items.WorkItem`."""

    def __init__(self, job: PretrainingJob, desk: Pretrainings) -> None:
        self.job = job
        self._desk = desk
        self._said_s = 0.0
        self._record = PretrainingRecord(
            name=job.pretraining.name,
            title=job.pretraining.title,
            state=TrialState.RUNNING,
            config={"key": job.pretraining.key, **job.pretraining.config},
            epochs=(),
            seen_s=(),
            reason="",
            started_s=time.time(),
            ended_s=None,
            placement=None,
        )
        epochs = f"{job.epochs} epoch{'s' if job.epochs > 1 else ''}"
        self._say("resumed" if self._begun() else f"started ({epochs})")
        desk.on_change(self._record)

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Note the epochs; a pretraining is never stopped."""
        epochs = (*self._record.epochs[: first_epoch - 1], *history)
        now = time.time()
        seen_s = (*self._record.seen_s, *[now] * (len(epochs) - len(self._record.seen_s)))
        self._change(epochs=epochs, seen_s=seen_s, placement=placement)
        if now - self._said_s > SAY_EVERY_S and len(epochs) < self.job.epochs:
            self._say(f"epoch {len(epochs)}/{self.job.epochs}")
        return False

    def on_done(self) -> None:
        """The trunk is written."""
        Checkpoints(self.job.folder).clear()
        self._end(TrialState.COMPLETE, None)
        self._say(f"done in {time.time() - self._record.started_s:.0f} s")

    def on_failed(self, reason: str) -> None:
        """It failed for good, and with it the trials that want it."""
        self._end(TrialState.FAILED, reason)
        self._say(f"failed: {reason}")

    def on_error(self, details: str) -> None:
        """Keep it in a log beside the weights."""
        Log(self.job.folder).say(details)

    def on_note(self, note: str) -> None:
        """Show the user a note of the job."""
        self._say(note)

    def _end(self, state: TrialState, reason: str | None) -> None:
        self._desk.ended(self.job.pretraining, reason)
        self._change(state=state, reason=reason or "", ended_s=time.time())

    def _change(self, **news: object) -> None:
        self._record = replace(self._record, **news)  # type: ignore[arg-type]
        self._desk.on_change(self._record)

    def _say(self, text: str) -> None:
        self._said_s = time.time()
        self._desk.say(f"pretraining {self.job.pretraining.title}: {text}")

    def _begun(self) -> bool:
        return any(self.job.folder.glob("checkpoint_*"))
