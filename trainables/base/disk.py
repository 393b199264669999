"""Disks that do not take what is written, and folders that cannot be used, with messages for the user."""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from trainables.base.errors import Fault, InputError

RULES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up (`quota -s` shows it)",
    errno.EIO: "the disk reports an input/output error",
    errno.EROFS: "the file system is read-only",
}
"""What a disk may answer that no program can help: in each case what was written before is whole."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Those that say the same on each machine that shares the disk."""

MOUNTS = Path("/proc/self/mounts")


class DiskFault(OSError):
    """A disk could not write or read the file at `path` (None: not known), for one of `RULES`.

    `what` says more, such as what the file needs.
    """

    def __init__(self, path: Path | None, what: str, number: int) -> None:
        super().__init__(number, what, path and str(path))
        self.parts = path, what, number
        """What makes the same error in another process."""

    @classmethod
    def of(cls, error: OSError, path: Path | None = None, needed_bytes: int = 0) -> DiskFault:
        """Return an error of the system as one of the file that was written, where that is known."""
        if isinstance(error, DiskFault):
            return error
        number = error.errno or 0
        what = f"it needs {needed_bytes / 2**20:.1f} MiB" if needed_bytes else os.strerror(number)
        return cls(path or (Path(os.fsdecode(error.filename)) if error.filename else None), what, number)

    def __reduce__(self) -> tuple[type[DiskFault], tuple[Path | None, str, int]]:
        return type(self), self.parts


def is_disk_fault(error: BaseException | None) -> TypeGuard[OSError]:
    """Return whether an error means that a disk is full or broken, or a quota used up."""
    return isinstance(error, OSError) and error.errno in RULES


def ensure_folder(folder: Path) -> Path:
    """Return a folder that files can be written to, creating it if it does not exist.

    Raises `InputError` where that is impossible, `OSError` on a full disk.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if is_disk_fault(error) and error.errno != errno.EROFS:
            raise
        raise InputError(Fault(f"cannot create a folder here: {error.strerror}", file=str(folder))) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(Fault("you have no permission to write to this folder", file=str(folder)))
    return folder


def existing(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists: they lie on the same disk."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())


@dataclass(frozen=True)
class FileSystem:
    """The file system of a folder: what it has room for, and where and as what it is mounted."""

    free_bytes: int
    free_files: int | None
    """None where it has no such limit."""
    mount: str
    kind: str

    @classmethod
    def of(cls, path: Path) -> FileSystem:
        """Return the file system of a path, which may not exist."""
        folder = existing(path.absolute()).resolve()
        found = os.statvfs(folder)
        files = found.f_favail if found.f_files else None
        mount, kind = max(
            ((mount, kind) for mount, kind in _mounts() if folder.is_relative_to(mount)),
            key=lambda each: len(each[0]),
            default=("/", "unknown"),
        )
        return cls(found.f_bavail * found.f_frsize, files, mount, kind)

    def __str__(self) -> str:
        files = "" if self.free_files is None else f" and {self.free_files} files"
        return f"{self.mount} ({self.kind}) has room for {self.free_bytes >> 20} MiB{files}"


def _mounts() -> list[tuple[str, str]]:
    lines = MOUNTS.read_text(errors="replace").splitlines() if MOUNTS.is_file() else []
    return [(mount.replace("\\040", " "), kind) for _, mount, kind, *_ in map(str.split, lines)]


def describe_disk_fault(error: OSError, root: Path) -> str:
    """Return the message for the user about a fault of a disk in a command that works below `root`."""
    if error.filename:
        places, file = [Path(os.fsdecode(error.filename))], os.fsdecode(error.filename)
    else:  # a library did not say which
        places, file = [root, Path(tempfile.gettempdir())], "a file"
    room = "; ".join(dict.fromkeys(str(FileSystem.of(place)) for place in places))
    return (
        f"{RULES.get(error.errno or 0, 'the disk does not take it')}: {file} was not written "
        f"({error.strerror}; {room}). Files written before are intact: fix this and run the command again"
    )
