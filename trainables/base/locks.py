"""A file lock that is released when its process ends, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import IO

from trainables.base.errors import InputError

UNSUPPORTED = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
"""How a file system says that it has no locks."""


class FileLock:
    """Held from `take` or `wait` to `release`, to the end of a `with` block, or to the end of the process.

    It is `flock`: it works between the processes of a machine, and between machines on a network filesystem
    that forwards locks (NFS as Linux mounts it, except with the options `nolock` and `local_lock`). There a
    holder drops it by closing the file through any other handle: it is written through this one.
    """

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file = file
        self._path = path

    @classmethod
    def take(cls, path: Path) -> FileLock | None:
        """Return the lock on `path`, or None while another process holds it.

        Raises `InputError` where the file system has no locks.
        """
        file = _opened(path)
        try:
            _lock(file, path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return cls(file, path)

    @classmethod
    def wait(cls, path: Path) -> FileLock:
        """Wait until no other process holds the lock on `path`, and return it. Raises as `take` does."""
        file = _opened(path)
        _lock(file, path, fcntl.LOCK_EX)
        return cls(file, path)

    @staticmethod
    def is_held(path: Path) -> bool:
        """Return whether a process holds the lock on `path`, which may be missing; nothing is written."""
        try:
            with path.open() as file:
                _lock(file, path, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, *error: object) -> None:
        self.release()

    def write(self, text: str) -> None:
        """Make `text` the content of the file."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text)
        self._file.flush()

    def is_gone(self) -> bool:
        """Return whether its file was removed, or another stands in its place: others can take that lock."""
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:  # a network file system that is away comes back
            return False
        return not os.path.samestat(found, os.fstat(self._file.fileno()))

    def release(self) -> None:
        """Release the lock."""
        self._file.close()


def _opened(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+")


def _lock(file: IO[str], path: Path, how: int) -> None:
    try:
        fcntl.flock(file, how)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        file.close()
        raise InputError(
            f"the file system of {path.parent} has no locks (flock: {error.strerror}): put the root on one "
            "that has, such as a local disk, or NFS mounted without `nolock`"
        ) from None
