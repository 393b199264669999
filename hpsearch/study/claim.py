"""The claim of a launch on a study's folder: locked while it lasts, and gone where the study never began."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hpsearch.study.lock import study_lock
from hpsearch.study.store import SPACE
from trainables.base.disk import ensure_folder


@contextmanager
def claimed(folder: Path, datasets: Iterable[str] = ()) -> Iterator[None]:
    """Hold the study in `folder`, and the `datasets` that it needs, for this process; make the folder.

    Where no space was kept in a folder that was made here, the study never began: the folder is removed
    again, and so are those above it that were made for it and hold nothing else.

    Raises `InputError` where another launch has the study, or the folder cannot be made.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    ensure_folder(folder)
    with study_lock(folder, datasets):
        try:
            yield
        finally:
            if made and not (folder / SPACE).is_file():
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):  # the first that holds something, as built datasets, stays
                    for path in made[1:]:
                        path.rmdir()
