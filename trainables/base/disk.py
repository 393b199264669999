"""Folders that cannot be written and disks that are full, with messages for the user."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from trainables.base.errors import Fault, InputError


class DiskFull(OSError):
    """The disk has no room for the file at `path`, which needs `needed_bytes`."""

    def __init__(self, path: Path, needed_bytes: int) -> None:
        super().__init__(errno.ENOSPC, f"it needs {needed_bytes / 2**20:.1f} MiB", str(path))
        self.path, self.needed_bytes = path, needed_bytes


def is_full(error: BaseException | None) -> bool:
    """Return whether an error means a full disk."""
    return isinstance(error, OSError) and error.errno == errno.ENOSPC


def ensure_folder(folder: Path) -> Path:
    """Return a folder that files can be written to, creating it if it does not exist.

    Raises `InputError` where that is impossible, `OSError` on a full disk.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if is_full(error):
            raise
        raise InputError(Fault(f"no folder can be made here: {error.strerror}", file=str(folder))) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(Fault("this user may not write to this folder", file=str(folder)))
    return folder


def existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists: they lie on the same disk."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def describe_full_disk(error: OSError, root: Path) -> str:
    """Return the message for the user about a full disk below `root`."""
    free_mib = shutil.disk_usage(root).free // 2**20
    return (
        f"the disk is full: {error.filename or 'a file'} was not written ({error.strerror}; "
        f"{free_mib} MiB are free below {root}). Files written before are whole: "
        "free some space and run the command again"
    )
