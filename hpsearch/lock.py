"""One launch a study: a lock that names its holder and dies with it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from trainables.faults import BadInput


@contextmanager
def study_lock(folder: Path) -> Iterator[None]:
    """Hold the study in `folder` for this process.

    Raises `BadInput` naming the holder (host, process, since) where another launch has it. The system drops
    the lock with the process, however that ends.
    """
    with (folder / "study.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = json.loads(file.read() or "{}")
            raise BadInput(
                f"study {folder.name!r} is being run by process {holder.get('pid', '?')} on "
                f"{holder.get('host', '?')} since {holder.get('since', '?')}: wait for it, or stop it"
            ) from None
        file.truncate(0)
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        file.write(json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": since}))
        file.flush()
        yield
