"""The study's file: Optuna's append-only journal, one line per event."""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpsearch.study.journal.epochs import Epochs
from hpsearch.study.journal.lines import BEGUN, ENDED, Event, Lines, damage, line_of, read_lines
from hpsearch.study.journal.schema import CONFIRMS, epoch_in_short, is_epoch_key
from trainables.base.disk import is_disk_fault
from trainables.base.errors import Fault, InputError

JOURNAL = "study.journal"
"""The file's name in the study's folder."""

WEIGHTS = "trials/*/best.pt"
"""What finished trials leave beside it."""

WORKER_CHARS = 8
"""Of the id that Optuna gives a process, in each line: enough to tell launches apart."""

CONSTRAINTS = "constraints"
"""Optuna's name for the attribute of a trial with its constraints: one above 0 is broken."""

WAITING = (TrialState.WAITING,)
"""The states that Optuna asks for before it begins a trial."""

WRONG = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What a value raises that is not what its place in a journal is for."""


def reading(folder: Path, name: str) -> JournalStorage:
    """Return the journal below the folder of the study `name`; another process may be writing it.

    Raises `InputError` for a damaged journal, one of another study, and for a missing or empty one beside
    finished trials.
    """
    path = folder / JOURNAL
    return _replayed(_Snapshot(path, read_lines(path) if path.exists() else Lines()), name)


def following(folder: Path, name: str) -> JournalStorage:
    """Return the journal below the folder of the study `name`; its events are those of the file at any time.

    It is for people to look at: of an epoch it has the errors and the loss alone, and its best trial is one
    of the search's own. Nothing can be written through it. Raises `InputError` as `reading` does.
    """
    path = folder / JOURNAL
    return _replayed(_Follower(path, read_lines(path) if path.exists() else Lines()), name, _SearchedFirst)


def writing(folder: Path, name: str) -> JournalStorage:
    """Return the journal below a study's folder, new or as it was left. The caller holds the study's lock.

    Raises `InputError` as `reading` does, and for a journal that cannot be written; then it is left as it is.
    """
    path = folder / JOURNAL
    lines = read_lines(path) if path.exists() else Lines()
    storage = _replayed(_OnlyWriter(path, lines), name, _WaitingKnown)
    try:
        with path.open("ab") as file:  # a last line that a crash left unfinished would spoil the next one
            file.truncate(lines.size)
    except OSError as error:
        if is_disk_fault(error):
            raise
        raise InputError(
            Fault(f"cannot be written: {error.strerror}; make it writable, or restore it", file=str(path))
        ) from None
    return storage


class _Snapshot(BaseJournalBackend):
    """The events that a journal holds at one time."""

    def __init__(self, path: Path, lines: Lines) -> None:
        self.path = path
        self.events = lines.events
        self.epochs = Epochs()
        self.given = 0
        """How many events were given to Optuna."""

    def read_logs(self, log_number_from: int) -> Iterator[Event]:
        for number, event in enumerate(self.events[log_number_from:], start=log_number_from + 1):
            self.given = number
            yield self.epochs.read(event)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        raise RuntimeError(f"{self.path} was opened for reading")


class _Follower(_Snapshot):
    """Reads the file again whenever it has grown."""

    def __init__(self, path: Path, lines: Lines) -> None:
        super().__init__(path, lines)
        self._size = lines.size

    def read_logs(self, log_number_from: int) -> Iterator[Event]:
        if self.path.stat().st_size > self._size:
            lines = read_lines(self.path)
            self.events, self._size = lines.events, lines.size
        yield from map(_in_short, super().read_logs(log_number_from))


class _SearchedFirst(JournalStorage):
    """Names the best of the trials that repeat no other: a confirmation is no find of the search."""

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        complete = self.get_all_trials(study_id, deepcopy=False, states=(TrialState.COMPLETE,))
        searched = [trial for trial in complete if CONFIRMS not in trial.user_attrs]
        if not searched:
            return super().get_best_trial(study_id)
        [direction] = self.get_study_directions(study_id)
        worst_first = sorted(searched, key=lambda trial: trial.value or 0.0)
        return worst_first[-1 if direction is StudyDirection.MAXIMIZE else 0]


class _WaitingKnown(JournalStorage):
    """Knows which of its trials wait: Optuna looks through all trials for one before each suggestion."""

    def __init__(self, backend: BaseJournalBackend) -> None:
        super().__init__(backend)
        self._waiting: dict[int, None] = {}
        """Ids, in the order in which they were enqueued."""
        for study in self.get_all_studies():
            trials = super().get_all_trials(study._study_id, deepcopy=False, states=WAITING)
            self._waiting |= dict.fromkeys(trial._trial_id for trial in trials)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial_id = super().create_new_trial(study_id, template_trial)
        if template_trial is not None and template_trial.state is TrialState.WAITING:
            self._waiting[trial_id] = None
        return trial_id

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        changed = super().set_trial_state_values(trial_id, state, values)
        if state is not TrialState.WAITING:
            self._waiting.pop(trial_id, None)
        return changed

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        if states != WAITING or deepcopy:
            return super().get_all_trials(study_id, deepcopy, states)
        return [self.get_trial(trial_id) for trial_id in self._waiting]


def _in_short(event: Event) -> Event:
    """Return an event with a short text in place of all metrics of an epoch.

    A confirmation is marked as Optuna marks a trial that may not be the best: by a constraint that it breaks.
    """
    attrs = event.get("user_attr")
    if isinstance(event.get("user_attrs"), dict) and CONFIRMS in event["user_attrs"]:
        return {**event, "system_attrs": {**(event.get("system_attrs") or {}), CONSTRAINTS: [1.0]}}
    if not isinstance(attrs, dict):
        return event
    short = {key: epoch_in_short(value) if is_epoch_key(key) else value for key, value in attrs.items()}
    return {**event, "user_attr": short}


class _OnlyWriter(_Snapshot):
    """Writes as Optuna's backend does, with checksums, without its lock and without reading the file again.

    The study's own lock keeps other writers out: a lock file left by a crash would block the next launch, and
    what this process wrote it need not read again. The file is synced as a trial ends: what a power cut
    takes of a trial that runs, its seed and its checkpoint give again.
    """

    def __init__(self, path: Path, lines: Lines) -> None:
        super().__init__(path, lines)
        self._last = lines.last
        self._forgotten = 0
        """How many events Optuna has read and never asks for again; a long study has very many."""

    def read_logs(self, log_number_from: int) -> Iterator[Event]:
        del self.events[: log_number_from - self._forgotten]
        self._forgotten = log_number_from
        for number, event in enumerate(self.events, start=log_number_from + 1):
            self.given = number
            yield self.epochs.read(event)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        lines, last = [], self._last
        for log in logs:
            short = {**log, "worker_id": log["worker_id"][:WORKER_CHARS]}
            line, last = line_of(self.epochs.small(short), last)
            lines.append(line)
        with self.path.open("r+b", buffering=0) as file:  # one that was removed is not created again
            whole = file.seek(0, os.SEEK_END)
            try:
                rest = memoryview(b"".join(lines))
                while rest:
                    rest = rest[file.write(rest) :]
                if any(ENDED in log for log in logs):
                    os.fsync(file.fileno())
            except OSError:
                file.truncate(whole)  # half a line would spoil the next one
                raise
        self._last = last
        for line, log in zip(lines, logs, strict=True):  # as a later launch reads them: a tuple is a list
            self.events.append({**json.loads(line), "worker_id": log["worker_id"]})


def unreadable(folder: Path, read: Callable[[JournalStorage], object], error: Exception) -> Fault:
    """Return the fault of the first line that `read` cannot take in, which raised `error`, one of `WRONG`."""
    path = folder / JOURNAL
    events = read_lines(path).events

    def fails(count: int) -> bool:
        try:
            read(JournalStorage(_Snapshot(path, Lines(events[:count]))))
        except WRONG:
            return True
        return False

    number = bisect_left(range(len(events)), True, key=fails)
    first, *_ = str(error).splitlines() or [""]
    what = f"holds what cannot be read ({type(error).__name__}: {first})"
    return damage(path, number, what, events[: number - 1])


def _replayed(
    backend: _Snapshot, name: str, storage_of: type[JournalStorage] = JournalStorage
) -> JournalStorage:
    """Return Optuna's storage of the events. Raises `InputError` where they are not the study `name`."""
    path, events = backend.path, backend.events
    begun = any(BEGUN in event for event in events)
    try:
        storage = storage_of(backend)
    except WRONG as error:
        what = f"holds no event that can be repeated ({type(error).__name__}: {error})"
        raise InputError(damage(path, backend.given, what, events[: backend.given - 1])) from None
    names = [study.study_name for study in storage.get_all_studies()]
    if names and name not in names:
        rule = f"holds the study {names[0]!r}, not {name!r}: give its folder the name {names[0]!r} again"
        raise InputError(Fault(rule, file=str(path)))
    finished = len(list(path.parent.glob(WEIGHTS)))
    if finished and not begun:
        there, s = "holds no trial" if path.exists() else "is missing", "s" if finished > 1 else ""
        raise InputError(
            Fault(
                f"the journal {there}, but the weights of {finished} finished trial{s} are there (trials/): "
                "restore it from a copy; or keep this folder as it is, and give the space another name "
                "(search.name) to start over",
                file=str(path),
            )
        )
    return storage
