"""`Tracker`: updates MLflow from a background thread, so that the search never waits for it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import MappingProxyType

from hpsearch.study.records import PretrainingRecord, StudyRecord, TrialRecord
from hpsearch.tracking.connection import MlflowUnavailableError
from hpsearch.tracking.location import without_password
from hpsearch.tracking.mirror import Mirror
from trainables.base.atomic import write_text

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0

PATIENCE_S = 60.0
"""How long the end of a launch waits for an unavailable MLflow."""


Update = Callable[[Mirror], None]
"""Writes the current record of one trial or pretraining."""

TRACKING_ID = "tracking_id"
"""The file in a study's folder with its id in MLflow."""


class Tracker:
    """Mirrors one study into the MLflow at `uri`.

    Only the newest record of each trial and pretraining is kept until it is written. While MLflow is
    unavailable, `warn` is called once and writing is retried with growing pauses; what is missing at the end
    is written by the next launch, which syncs every trial again.
    """

    def __init__(
        self, uri: str, study: str, folder: Path, artifacts: Path, warn: Callable[[str], None]
    ) -> None:
        self._connect = partial(Mirror, uri, study, _study_id(folder), artifacts)
        self._uri = uri
        self._warn = warn
        self._warned = False
        self._change = threading.Condition()
        self._updates: dict[int | str, Update] = {}
        self._seen_s: dict[int, tuple[float, ...]] = {}
        self._deadline_s: float | None = None
        self._end: tuple[StudyRecord, Sequence[Path], Mapping[int, Mapping[str, float]]] | None = None
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="tracking")
        self._thread = self._threads.submit(self._work)

    def sync(self, study: StudyRecord, trial: TrialRecord) -> None:
        """Queue an update of one trial's run. Returns at once."""
        seen = self._seen_s.get(trial.number, ())
        now = time.time() if trial.ended_s is None else min(time.time(), trial.ended_s)
        seen = (*seen, *([now] * (len(trial.epochs) - len(seen))))
        self._seen_s[trial.number] = seen
        self._put(trial.number, lambda mirror: mirror.sync(study, trial, seen))

    def sync_pretraining(self, pretraining: PretrainingRecord) -> None:
        """Queue an update of a pretraining's run. Returns at once."""
        self._put(pretraining.name, lambda mirror: mirror.sync_pretraining(pretraining))

    def close(
        self,
        study: StudyRecord,
        files: Sequence[Path] = (),
        timeout_s: float = PATIENCE_S,
        summaries: Mapping[int, Mapping[str, float]] = MappingProxyType({}),
    ) -> bool:
        """Write the remaining updates, end the parent run with `files`, and return whether all was written.

        `summaries` are metrics of trials, by their number, that follow from other trials. Gives up once
        MLflow was unavailable for `timeout_s`. Raises what ended the tracking thread.
        """
        with self._change:
            self._end = (study, files, summaries)
            self._deadline_s = time.monotonic() + timeout_s
            self._change.notify()
        try:
            return self._thread.result()
        finally:
            self._threads.shutdown()

    def _put(self, key: int | str, update: Update) -> None:
        with self._change:
            self._updates.pop(key, None)  # to the end of the queue
            self._updates[key] = update
            self._change.notify()

    def _work(self) -> bool:
        """Write updates until closed; return True when all were written."""
        mirror: Mirror | None = None
        wait_s = FIRST_WAIT_S
        while True:
            try:
                mirror = mirror or self._connect()
                if self._write(mirror):
                    return True
                wait_s = FIRST_WAIT_S
            except MlflowUnavailableError as error:
                mirror = None  # unsure what was written last: read it again
                self._warn_once(error)
                if not self._pause(wait_s):
                    return False
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _write(self, mirror: Mirror) -> bool:
        """Wait for the next update and write it; return True when the end was written."""
        with self._change:
            self._change.wait_for(lambda: self._updates or self._end)
            key = next(iter(self._updates), None)
            update = None if key is None else self._updates.pop(key)
            end = self._end
        if key is None or update is None:
            if end is not None:
                mirror.finish(*end)
            return end is not None
        try:
            update(mirror)
        except MlflowUnavailableError:
            with self._change:
                self._updates.setdefault(key, update)  # unless there is a newer one
            raise
        return False

    def _pause(self, seconds: float) -> bool:
        """Wait before the next try, shorter while closing; return False when the time is up."""
        with self._change:
            self._change.wait_for(lambda: self._deadline_s is not None, timeout=seconds)
            if self._deadline_s is None:
                return True
            left_s = self._deadline_s - time.monotonic()
        if left_s > 0:
            time.sleep(min(seconds, FIRST_WAIT_S, left_s))
        return left_s > 0

    def _warn_once(self, error: MlflowUnavailableError) -> None:
        if not self._warned:
            self._warned = True
            self._warn(
                f"MLflow at {without_password(self._uri)} cannot be written ({error}). The search goes on; "
                "missing data is written once MLflow is available again, or when the study is launched again."
            )


def _study_id(folder: Path) -> str:
    """Return the study's id in MLflow, generated once and kept in the study's folder."""
    path = folder / TRACKING_ID
    kept = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    if not kept:  # not there, or left empty by a power cut
        kept = uuid.uuid4().hex
        write_text(kept, path)
    return kept
