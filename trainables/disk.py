"""What a full disk comes to: an error that names the file and its size, and the line that a person reads."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path


class DiskFull(OSError):
    """There is no room for a file: which one, and how much it needs."""

    def __init__(self, path: Path, needed_bytes: int) -> None:
        super().__init__(errno.ENOSPC, f"it needs {needed_bytes / 2**20:.1f} MiB", str(path))
        self.path, self.needed_bytes = path, needed_bytes


def is_full(error: BaseException | None) -> bool:
    """Say whether an error means a full disk."""
    return isinstance(error, OSError) and error.errno == errno.ENOSPC


def told(error: OSError, root: Path) -> str:
    """Return what a person reads of a full disk below `root`."""
    free_mib = shutil.disk_usage(root).free // 2**20
    return (
        f"the disk is full: {error.filename or 'a file'} was not written ({error.strerror}; "
        f"{free_mib} MiB are free below {root}). What was written before is whole: "
        "make room and give the command again"
    )
