"""The scratch folder of a launch; what killed launches left of theirs is removed by the next one."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.base.locks import FileLock

PREFIX = "hpsearch-"
LOCK = "launch.lock"
"""Held as long as the launch lives: a folder whose lock is free was left by one that was killed."""

LONGEST_PARENT = 20
"""Characters: the path of a Unix socket has 107 at most, and Ray puts sockets 80 characters further down."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Hold a folder that only this user can read, below the system's temporary folder; remove it at the end.

    First removes the folders of this user's launches that were killed.
    """
    parent = Path(tempfile.gettempdir())
    if len(str(parent)) > LONGEST_PARENT:
        parent = Path("/tmp")  # noqa: S108  the folder made in it is private
    _remove_abandoned(parent)
    folder, lock = _locked_folder(parent)
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


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
