"""A file lock that is released when its process ends, however it ends."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO


class FileLock:
    """Held from `take` or `wait` to `release`, to the end of a `with` block, or to the end of the process.

    It is `flock`: it works between the processes of a machine, and between machines on a network filesystem
    that forwards locks (NFS as Linux mounts it, except with the options `nolock` and `local_lock`).
    """

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def take(cls, path: Path) -> FileLock | None:
        """Return the lock on `path`, or None while another process holds it."""
        file = _opened(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return cls(file)

    @classmethod
    def wait(cls, path: Path) -> FileLock:
        """Wait until no other process holds the lock on `path`, and return it."""
        file = _opened(path)
        fcntl.flock(file, fcntl.LOCK_EX)
        return cls(file)

    @staticmethod
    def is_held(path: Path) -> bool:
        """Return whether a process holds the lock on `path`, which may be missing; nothing is written."""
        try:
            with path.open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock."""
        self._file.close()


def _opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+")
