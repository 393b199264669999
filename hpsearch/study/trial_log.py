"""The log file of a trial or a study: what was said of it, why it ended, tracebacks of internal errors."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

LOG = "log.txt"
"""The file's name in the trial's, or the study's, folder."""

_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


@dataclass(frozen=True)
class Log:
    """Appends to the log below `folder`. Each entry begins with the local time; its further lines follow."""

    folder: Path

    def say(self, text: str) -> None:
        """Append an entry."""
        at = time.strftime("%Y-%m-%d %H:%M:%S")
        first, *more = text.rstrip().splitlines() or [""]
        lines = [f"{at} {first}", *(f"    {line}" for line in more)]
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def spoken(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """Return what shows a line with `say` and appends it."""

        def said(text: str) -> None:
            self.say(text)
            say(text)

        return said


class LogReader:
    """Reads the entries of a log that another process may be writing."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG
        self._read = 0

    def news(self) -> Iterator[str]:
        """Yield the entries since the last call, each with its further lines."""
        if not self._path.is_file():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            content = file.read()
        whole = content.rfind(b"\n") + 1
        self._read += whole
        entry: list[str] = []
        for line in content[:whole].decode(errors="replace").splitlines():
            if entry and _ENTRY.match(line):
                yield "\n".join(entry)
                entry = []
            entry.append(line)
        if entry:
            yield "\n".join(entry)
