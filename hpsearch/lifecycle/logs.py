"""Reads the logs of a study and its trials as one, in the order of time, also while they are written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hpsearch.study.lock import holder_of
from hpsearch.study.trial_log import LOG, LogReader
from hpsearch.study.trials import TRIALS, trial_folder

TIME = len("2026-01-31 23:59:59 ")
POLL_S = 1.0


class StudyLogs:
    """The logs of the study in `folder`, or of one trial of it. Entries of trials name their trial."""

    def __init__(self, folder: Path, trial: int | None = None) -> None:
        self._folder = folder
        self._trial = trial
        self._readers: dict[Path, LogReader] = {}
        self._seen: set[str] = set()  # the study's log repeats what was said of a trial

    def news(self) -> list[str]:
        """Return the entries since the last call, in the order of time."""
        entries = [self._named(folder, entry) for folder in self._folders() for entry in self._news(folder)]
        fresh = [entry for entry in dict.fromkeys(entries) if entry not in self._seen]
        self._seen.update(fresh)
        return sorted(fresh, key=lambda entry: entry[:TIME])

    def follow(self, wait: Callable[[float], None] = time.sleep) -> Iterator[str]:
        """Yield entries as they come, until nobody runs the study any more."""
        running = True
        while running:
            running = holder_of(self._folder) is not None
            yield from self.news()
            if running:
                wait(POLL_S)

    def _folders(self) -> list[Path]:
        if self._trial is not None:
            return [trial_folder(self._folder, self._trial)]
        return [self._folder, *sorted(path.parent for path in (self._folder / TRIALS).glob(f"*/{LOG}"))]

    def _news(self, folder: Path) -> Iterator[str]:
        return self._readers.setdefault(folder, LogReader(folder)).news()

    def _named(self, folder: Path, entry: str) -> str:
        if folder == self._folder or self._trial is not None:
            return entry
        return f"{entry[:TIME]}trial {int(folder.name)}: {entry[TIME:]}"
