"""The lock of a study: one launch at a time; it names its holder and is released when that process ends."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from trainables.base.errors import InputError
from trainables.base.locks import FileLock

LOCK = "study.lock"

TRIES, PAUSE_S = 5, 0.1
"""Whoever asks whether a study is held has its lock for an instant, which a launch waits for."""


@dataclass(frozen=True)
class Holder:
    """The process that runs a study: its host and number, and since when, as text.

    `datasets` are the names of those that it needs, known before the study has begun.
    """

    host: str = "?"
    pid: int | str = "?"
    since: str = "?"
    datasets: tuple[str, ...] = ()


def holder_of(folder: Path) -> Holder | None:
    """Return who runs the study in `folder` now, None where nobody does."""
    path = folder / LOCK
    if not FileLock.is_held(path):
        return None
    try:
        written = json.loads(path.read_text())
        return Holder(**{**written, "datasets": tuple(written.get("datasets", ()))})
    except FileNotFoundError:  # its holder removed the study just now
        return None
    except (ValueError, TypeError, AttributeError):  # its holder has not written its name yet
        return Holder()


@contextmanager
def study_lock(folder: Path, datasets: Iterable[str] = ()) -> Iterator[FileLock]:
    """Hold the study in `folder` for this process, which needs `datasets`: none of them is deleted meanwhile.

    Raises `InputError` naming the holder (host, process, since) where another launch has it. The system drops
    the lock with the process, however that ends.
    """
    path = folder / LOCK
    lock = _taken(path)
    if lock is None:
        holder = holder_of(folder) or Holder()
        raise InputError(
            f"study {folder.name!r} is being run by process {holder.pid} on {holder.host} since "
            f"{holder.since}: wait for it, or stop it with `hpsearch stop {folder.name}`"
        )
    with lock:
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        holder = Holder(socket.gethostname(), os.getpid(), since, tuple(datasets))
        lock.write(json.dumps(asdict(holder)))
        yield lock


def _taken(path: Path) -> FileLock | None:
    for _ in range(TRIES):
        lock = FileLock.take(path)
        if lock is not None and path.is_file():  # else its holder removed the study just now
            return lock
        time.sleep(PAUSE_S)
    return None
