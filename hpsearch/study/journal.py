"""The study's file: Optuna's append-only journal, one line per event."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend

JOURNAL = "study.journal"
"""The file's name in the study's folder."""

ENDED = "datetime_complete"
"""The field of an event that ends a trial."""


def reading(folder: Path) -> JournalStorage:
    """Return the journal below a study's folder, which another process may be writing."""
    return JournalStorage(JournalFileBackend(str(folder / JOURNAL)))


def writing(folder: Path) -> JournalStorage:
    """Return the journal below a study's folder, new or as it was left. The caller holds the study's lock."""
    return JournalStorage(_OnlyWriter(folder / JOURNAL))


class _OnlyWriter(BaseJournalBackend):
    """Writes as Optuna's backend does, without its lock, and without reading the file for every question.

    The study's own lock keeps other writers out: a lock file left by a crash would block the next launch, and
    what this process wrote it need not read again. The file is synced as a trial ends: what a power cut
    takes of a trial that runs, its seed and its checkpoint give again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._logs = _whole_lines(path) if path.exists() else []

    def read_logs(self, log_number_from: int) -> Sequence[dict[str, Any]]:
        return self._logs[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        lines = [json.dumps(log, separators=(",", ":")) for log in logs]
        with self._path.open("ab") as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
            file.flush()
            if any(ENDED in log for log in logs):
                os.fsync(file.fileno())
        self._logs += map(json.loads, lines)  # as a later launch will read them: a tuple comes back as a list


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """Read a journal and drop its last line where a crash left it unfinished: it would spoil the next one."""
    with path.open("rb+") as file:
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(whole)
    return [json.loads(line) for line in content[:whole].splitlines()]
