"""A folder that several machines share, recognised on each by a file that one of them wrote there."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MARK = ".seen-"
"""Begins the name of the file. Each has a name of its own: a network file system may remember for a minute
that a name was not there."""


@dataclass(frozen=True)
class SharedFolder:
    """A folder, and the name of the file that shows a machine that it sees the same one."""

    path: Path
    mark: str

    def fault(self) -> str | None:
        """Return why this machine cannot work in the folder, in words; None where it can."""
        if not self.path.is_dir():
            return f"it does not see {self.path}: mount the shared root there, under the same path"
        if not (self.path / self.mark).is_file():
            return f"its {self.path} is another folder than the driver's: mount the shared root there"
        probe = self.path / f"{self.mark}-{socket.gethostname()}-{secrets.token_hex(4)}"
        try:
            probe.write_text(probe.name)
            probe.unlink()
        except OSError as error:
            return f"it cannot write below {self.path} ({error.strerror}): give its user the permission to"
        return None


@contextmanager
def shared(folder: Path) -> Iterator[SharedFolder]:
    """Mark a folder while the block runs, so that other machines know it again."""
    for old in folder.glob(f"{MARK}*"):  # of a driver that was killed
        old.unlink()
    mark = folder / f"{MARK}{secrets.token_hex(8)}"
    mark.touch()
    try:
        yield SharedFolder(folder, mark.name)
    finally:
        mark.unlink(missing_ok=True)
