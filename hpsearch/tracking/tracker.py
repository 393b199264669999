"""`Tracker`: updates MLflow from a background thread, so that the search never waits for it."""

from __future__ import annotations

import math
import shlex
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import MappingProxyType

from hpsearch.study.folders import root_of
from hpsearch.study.records import PretrainingRecord, StudyRecord, TrialRecord
from hpsearch.study.trial_log import Log
from hpsearch.tracking.connection import MlflowUnavailableError
from hpsearch.tracking.location import without_password
from hpsearch.tracking.mirror import Mirror
from trainables.base.atomic import write_text

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0

PATIENCE_S = 60.0
"""How long the end of a launch waits for an unavailable MLflow."""

LONGEST = 3
"""How many times as long it waits in all for one that answers, but slowly or without an end."""


Update = Callable[[Mirror], None]
"""Writes the current record of one trial or pretraining."""

TRACKING_ID = "tracking_id"
"""The file in a study's folder with its id in MLflow."""


class Tracker:
    """Mirrors one study into the MLflow at `uri`.

    Only the newest record of each trial and pretraining is kept until it is written. While MLflow is
    unavailable, `warn` is called once and writing is retried with growing pauses; what is missing at the end
    is written by the next launch, which syncs every trial again, or by `hpsearch track`. Whatever MLflow
    does, no method raises it or waits for it, and only `close` waits at all.
    """

    def __init__(
        self, uri: str, study: str, folder: Path, artifacts: Path, warn: Callable[[str], None]
    ) -> None:
        self._connect = partial(Mirror, uri, study, _study_id(folder), artifacts)
        self._uri = uri
        self._study = study
        self._folder = folder
        self._warn = warn
        self._warned = False
        self._whole = False
        self._change = threading.Condition()
        self._updates: dict[int | str, Update] = {}
        self._seen_s: dict[int, tuple[float, ...]] = {}
        self._record: StudyRecord
        """The newest: updates that wait would each hold an older list of all trials."""
        self._deadline_s: float | None = None
        self._end: tuple[StudyRecord, Sequence[Path], Mapping[int, Mapping[str, float]]] | None = None
        # a daemon: a call that never returns must not keep the process from ending
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._thread.start()

    def sync(self, study: StudyRecord, trial: TrialRecord) -> None:
        """Queue an update of one trial's run. Returns at once."""
        seen = self._seen_s.get(trial.number, ())
        now = time.time() if trial.ended_s is None else min(time.time(), trial.ended_s)
        seen = (*seen, *([now] * (len(trial.epochs) - len(seen))))
        self._seen_s[trial.number] = seen
        self._record = study
        self._put(trial.number, lambda mirror: mirror.sync(self._record, trial, seen))

    def sync_pretraining(self, pretraining: PretrainingRecord) -> None:
        """Queue an update of a pretraining's run. Returns at once."""
        self._put(pretraining.name, lambda mirror: mirror.sync_pretraining(pretraining))

    def close(
        self,
        study: StudyRecord,
        files: Sequence[Path] = (),
        timeout_s: float = PATIENCE_S,
        summaries: Mapping[int, Mapping[str, float]] = MappingProxyType({}),
        longest_s: float | None = None,
    ) -> bool:
        """Write the remaining updates, end the parent run with `files`, and return whether all was written.

        `summaries` are metrics of trials, by their number, that follow from other trials. Gives up once
        MLflow was unavailable for `timeout_s`, and on one that is slow after `longest_s` in all, by default
        `LONGEST` times that; then `warn` is told how to write the rest later.
        """
        with self._change:
            self._end = (study, files, summaries)
            self._deadline_s = time.monotonic() + timeout_s
            self._change.notify()
        longest_s = LONGEST * timeout_s if longest_s is None else longest_s
        self._thread.join(None if math.isinf(longest_s) else longest_s)
        if not self._whole:
            self._warn(
                f"MLflow at {without_password(self._uri)} lacks the latest of this study, which its journal "
                f"has. To write it later: {shlex.join(self._again)}"
            )
        return self._whole

    @property
    def _again(self) -> list[str]:
        """Return the command that writes the study again."""
        return ["hpsearch", "track", self._study, "--root", str(root_of(self._folder))]

    def _put(self, key: int | str, update: Update) -> None:
        with self._change:
            self._updates.pop(key, None)  # to the end of the queue
            self._updates[key] = update
            self._change.notify()

    def _work(self) -> None:
        """Write updates until all are written after `close`, or until its time is up."""
        mirror: Mirror | None = None
        wait_s = FIRST_WAIT_S
        while not self._whole:
            try:
                mirror = mirror or self._connect()
                self._whole = self._write(mirror)
                wait_s = FIRST_WAIT_S
            except Exception as error:  # noqa: BLE001  whatever it is, a search is worth more than its mirror
                mirror = None  # unsure what was written last: read it again
                self._warn_once(error)
                if not self._pause(wait_s):
                    return
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
        except Exception:
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

    def _warn_once(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            reason = str(error)
            if not isinstance(error, MlflowUnavailableError):  # a bug in hpsearch
                with suppress(OSError):
                    Log(self._folder).say(traceback.format_exc())
                reason = f"{error!r}, a bug in hpsearch, whose details are in the study's log"
            self._warn(
                f"MLflow at {without_password(self._uri)} cannot be written ({reason}). The search goes on; "
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
