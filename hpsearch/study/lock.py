"""The lock of a study: one launch at a time; it names its holder and is released when that process ends."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from trainables.base.errors import InputError
from trainables.base.locks import FileLock


@contextmanager
def study_lock(folder: Path) -> Iterator[None]:
    """Hold the study in `folder` for this process.

    Raises `InputError` naming the holder (host, process, since) where another launch has it. The system drops
    the lock with the process, however that ends.
    """
    path = folder / "study.lock"
    lock = FileLock.take(path)
    if lock is None:
        holder = json.loads(path.read_text() or "{}")
        raise InputError(
            f"study {folder.name!r} is being run by process {holder.get('pid', '?')} on "
            f"{holder.get('host', '?')} since {holder.get('since', '?')}: wait for it, or stop it"
        )
    with lock:
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        path.write_text(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": since}))
        yield
