"""The claim of a launch on a study's folder: locked while it lasts, and gone where the study never began."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpsearch.study.lock import study_lock
from trainables.base.disk import ensure_folder
from trainables.base.locks import FileLock


class Claim:
    """A study's folder that this process holds, and whether the study in it has begun."""

    def __init__(self, folder: Path, lock: FileLock, *, begun: bool) -> None:
        self.folder = folder
        self.begun = begun
        self._lock = lock

    def begin(self) -> None:
        """Remember that the study begins: from here on its folder is never removed."""
        self.begun = True

    def is_lost(self) -> bool:
        """Return whether somebody removed or replaced the folder; not while its disk is only away."""
        return self._lock.is_gone()


@contextmanager
def claimed(folder: Path, datasets: Iterable[str] = ()) -> Iterator[Claim]:
    """Hold the study in `folder`, and the `datasets` that it needs, for this process; make the folder.

    Where the study does not begin, a folder that was made here is removed again, with those above it that
    were made for it and hold nothing else.

    Raises `InputError` where another launch has the study, or the folder cannot be made.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    ensure_folder(folder)
    with study_lock(folder, datasets) as lock:
        claim = Claim(folder, lock, begun=not made)
        try:
            yield claim
        finally:
            if not claim.begun and not claim.is_lost():
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):  # the first that holds something, as built datasets, stays
                    for path in made[1:]:
                        path.rmdir()
