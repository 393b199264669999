"""The study's file: Optuna's append-only journal, one line an event, without a lock of its own."""

from __future__ import annotations

from pathlib import Path

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock

JOURNAL = "study.journal"
"""The file's name in the study's folder."""


def storage(folder: Path) -> JournalStorage:
    """Return the journal below a study's folder as Optuna's storage."""
    return JournalStorage(JournalFileBackend(str(folder / JOURNAL), lock_obj=_NoLock()))


def cut_torn_line(journal: Path) -> None:
    """Drop the last line where a crash left it unfinished: appending to it would spoil the next one too."""
    if not journal.exists():
        return
    with journal.open("rb+") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)


class _NoLock(BaseJournalFileLock):
    """The study's own lock keeps other writers out; a lock file left by a crash would block the next one."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        return None
