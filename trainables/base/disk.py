"""What a disk refuses, as a person reads it: a folder that cannot be made or written, a file without room."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from trainables.base.errors import Fault, InputError


class DiskFull(OSError):
    """There is no room for a file: which one, and how much it needs."""

    def __init__(self, path: Path, needed_bytes: int) -> None:
        super().__init__(errno.ENOSPC, f"it needs {needed_bytes / 2**20:.1f} MiB", str(path))
        self.path, self.needed_bytes = path, needed_bytes


def is_full(error: BaseException | None) -> bool:
    """Say whether an error means a full disk."""
    return isinstance(error, OSError) and error.errno == errno.ENOSPC


def ensure_folder(folder: Path) -> Path:
    """Return a folder that files can be written to, made first where it is not there.

    Raises `InputError` where that cannot be, `OSError` on a full disk.
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


def describe_full_disk(error: OSError, root: Path) -> str:
    """Return what a person reads of a full disk below `root`."""
    free_mib = shutil.disk_usage(root).free // 2**20
    return (
        f"the disk is full: {error.filename or 'a file'} was not written ({error.strerror}; "
        f"{free_mib} MiB are free below {root}). What was written before is whole: "
        "make room and give the command again"
    )
