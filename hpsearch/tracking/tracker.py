"""`Tracker`: keeps MLflow up to date from a thread of its own, so that the search never waits for it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from hpsearch.study.records import PretrainingRecord, StudyRecord, TrialRecord
from hpsearch.tracking.connection import MlflowAwayError
from hpsearch.tracking.mirror import Mirror

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0

PATIENCE_S = 60.0
"""How long the end of a launch waits for an MLflow that is away."""


def default_uri(root: Path) -> str:
    """Return the SQLite store below the root; absolute, since trials change their directory."""
    return f"sqlite:///{(root / 'mlflow.db').absolute()}"


News = Callable[[Mirror], None]
"""Writes how something stands now."""


class Tracker:
    """Mirrors one study into the MLflow at `uri`.

    Only the newest record of each trial and pretraining is kept until it is written. When MLflow is away,
    `warn` is called once and writing is tried again with growing pauses; what is missing of trials at the end
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
        self._news: dict[int | str, News] = {}
        self._seen_s: dict[int, tuple[float, ...]] = {}
        self._deadline_s: float | None = None
        self._end: tuple[StudyRecord, Sequence[Path]] | None = None
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="tracking")
        self._thread = self._threads.submit(self._work)

    def sync(self, study: StudyRecord, trial: TrialRecord) -> None:
        """Have one trial's run brought up to date. Returns at once."""
        seen = self._seen_s.get(trial.number, ())
        now = time.time() if trial.ended_s is None else min(time.time(), trial.ended_s)
        seen = (*seen, *([now] * (len(trial.epochs) - len(seen))))
        self._seen_s[trial.number] = seen
        self._put(trial.number, lambda mirror: mirror.sync(study, trial, seen))

    def sync_pretraining(self, pretraining: PretrainingRecord) -> None:
        """Have a pretraining's run brought up to date. Returns at once."""
        self._put(pretraining.name, lambda mirror: mirror.sync_pretraining(pretraining))

    def close(self, study: StudyRecord, files: Sequence[Path] = (), timeout_s: float = PATIENCE_S) -> bool:
        """Write what is left, end the parent run with `files` beside it, and return whether all was written.

        Gives up when MLflow stayed away for `timeout_s`. Raises what broke the tracking thread, if anything.
        """
        with self._change:
            self._end = (study, files)
            self._deadline_s = time.monotonic() + timeout_s
            self._change.notify()
        try:
            return self._thread.result()
        finally:
            self._threads.shutdown()

    def _put(self, key: int | str, news: News) -> None:
        with self._change:
            self._news.pop(key, None)  # to the end of the line
            self._news[key] = news
            self._change.notify()

    def _work(self) -> bool:
        """Write until closed; True when all was written."""
        mirror: Mirror | None = None
        wait_s = FIRST_WAIT_S
        while True:
            try:
                mirror = mirror or self._connect()
                if self._write(mirror):
                    return True
                wait_s = FIRST_WAIT_S
            except MlflowAwayError as error:
                mirror = None  # what was written last is not certain: read it again
                self._warn_once(error)
                if not self._pause(wait_s):
                    return False
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _write(self, mirror: Mirror) -> bool:
        """Write the next piece of news, waiting for it; True when the end was written."""
        with self._change:
            self._change.wait_for(lambda: self._news or self._end)
            key = next(iter(self._news), None)
            news = None if key is None else self._news.pop(key)
            end = self._end
        if key is None or news is None:
            if end is not None:
                mirror.finish(*end)
            return end is not None
        try:
            news(mirror)
        except MlflowAwayError:
            with self._change:
                self._news.setdefault(key, news)  # unless there is newer
            raise
        return False

    def _pause(self, seconds: float) -> bool:
        """Wait before another try; once closing, shorter, and False when the time is up."""
        with self._change:
            self._change.wait_for(lambda: self._deadline_s is not None, timeout=seconds)
            if self._deadline_s is None:
                return True
            left_s = self._deadline_s - time.monotonic()
        if left_s > 0:
            time.sleep(min(seconds, FIRST_WAIT_S, left_s))
        return left_s > 0

    def _warn_once(self, error: MlflowAwayError) -> None:
        if not self._warned:
            self._warned = True
            self._warn(
                f"MLflow at {self._uri} cannot be written ({error}). The search goes on; "
                "what is missing is written when it is back, or when the study is launched again."
            )


def _study_id(folder: Path) -> str:
    """Return the study's id in MLflow, made once and kept beside the study."""
    path = folder / "tracking_id"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(uuid.uuid4().hex, encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()
