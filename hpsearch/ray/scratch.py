"""The scratch folder of a launch; what killed launches left of theirs is removed by the next one."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.base.disk import FileSystem
from trainables.base.errors import InputError
from trainables.base.locks import FileLock

PREFIX = "hpsearch-"
LOCK = "launch.lock"
"""Held as long as the launch lives: a folder whose lock is free was left by one that was killed."""

LONGEST_PARENT = 20
"""Characters: the path of a Unix socket has 107 at most, and Ray puts sockets 80 characters further down."""

NEEDED_BYTES, NEEDED_FILES = 64 * 2**20, 500
"""Room for Ray's sockets and logs; half of it is taken by a search of some hours."""

_WAY_OUT = f"make room there, or name another folder of at most {LONGEST_PARENT} characters with TMPDIR"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Hold a folder that only this user can read, below the system's temporary folder; remove it at the end.

    First removes the folders of this user's launches that were killed. Raises `InputError` where there is no
    room for what Ray puts there.
    """
    parent = _parent()
    _remove_abandoned(parent)
    _check_room(parent)
    folder, lock = _locked_folder(parent)
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _parent() -> Path:
    try:
        parent = Path(tempfile.gettempdir())
    except FileNotFoundError as error:  # none of those that Python knows takes a file
        raise InputError(f"{error.strerror}: {_WAY_OUT}") from None
    return parent if len(str(parent)) <= LONGEST_PARENT else Path("/tmp")  # noqa: S108  its folder is private


def _check_room(parent: Path) -> None:
    disk = FileSystem.of(parent)
    if disk.free_bytes < NEEDED_BYTES or (disk.free_files is not None and disk.free_files < NEEDED_FILES):
        needed = f"{NEEDED_BYTES >> 20} MiB and {NEEDED_FILES} files"
        raise InputError(f"{disk}, and Ray needs {needed} for its own in {parent}: {_WAY_OUT}")


def _locked_folder(parent: Path) -> tuple[Path, FileLock]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = FileLock.take(folder / LOCK)
        if lock is not None and (folder / LOCK).exists():  # else another launch took it for abandoned
            return folder, lock


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        if _is_ours(folder) and (folder / LOCK).is_file():
            lock = FileLock.take(folder / LOCK)
            if lock is not None:
                with lock:
                    shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Say whether it is a folder, no link to one, and this user's."""
    try:
        found = folder.lstat()
    except FileNotFoundError:  # another launch removed it just now
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
