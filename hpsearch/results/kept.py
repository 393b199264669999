"""What is kept of a long study beside its journal, so that a command need not read thousands of trials.

A file holds the size and time of the journal that it was made from, and is not looked at where they differ.
While a process runs the study its journal changes all the time: then the file counts as long as it is young.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpsearch.study.journal.journal import JOURNAL
from hpsearch.study.lock import holder_of
from trainables.base.atomic import write_text

LONG_BYTES = 4_000_000
"""From this length on a journal takes longer to read than a user wants to wait; about 800 trials."""

_MADE_FROM = "journal"


@dataclass(frozen=True)
class Kept:
    """The values of a file, when it was written in Unix seconds, and whether a process runs the study."""

    values: dict[str, Any]
    at_s: float
    held: bool


def keep(folder: Path, file: str, compute: Callable[[], Mapping[str, Any]]) -> None:
    """Keep what is computed of the study in `folder`, if it is a long one and can be written."""
    with suppress(OSError):
        journal = (folder / JOURNAL).stat()
        if journal.st_size >= LONG_BYTES:
            made_from = {_MADE_FROM: [journal.st_size, journal.st_mtime_ns]}
            write_text(json.dumps(made_from | dict(compute())), folder / file)


def kept(folder: Path, file: str, fresh_s: float) -> Kept | None:
    """Return what was kept; None where the journal has changed since, unless it is run and that is young."""
    path, held = folder / file, holder_of(folder) is not None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        journal, at_s = (folder / JOURNAL).stat(), path.stat().st_mtime
        same = values.pop(_MADE_FROM) == [journal.st_size, journal.st_mtime_ns]
    except (OSError, ValueError, TypeError, LookupError, AttributeError):  # none, or of another version
        return None
    counts = journal.st_size >= LONG_BYTES and (same or (held and time.time() - at_s < fresh_s))
    return Kept(values, at_s, held) if counts else None
