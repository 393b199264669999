"""What is known of designs on a kind of machine: measured once, learned from trials, kept for all launches.

A kind of design is a `MemoryShape`. The file is JSON below the root, for people to read and to remove.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from trainables.base.atomic import write_text
from trainables.base.locks import FileLock
from trainables.training.footprint import Footprint, MemoryShape
from trainables.training.packing import Together

LOCK = ".lock"
"""Suffix of the file that is locked while a file is renewed: launches may share it."""


@dataclass(frozen=True)
class Known:
    """What is known of a kind of design.

    `footprint` is what it takes of a GPU, `together` the images/s of so many in parallel, and `least_share`
    the share of a GPU that a trial was given after it had run out of memory on a smaller one.
    """

    footprint: Footprint | None = None
    together: Together = field(default_factory=lambda: MappingProxyType({}))
    least_share: float = 0.0


@dataclass
class KnownDesigns:
    """Reads and renews the file; None: what is learned lasts as long as this process."""

    file: Path | None = None
    _known: dict[str, Known] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known |= self._kept()

    def of(self, shape: MemoryShape) -> Known:
        """Return what is known of a kind of design."""
        return self._known.get(str(shape), Known())

    @property
    def any(self) -> bool:
        """Whether anything is known of any design."""
        return bool(self._known)

    def learn(self, news: Mapping[MemoryShape, Mapping[str, Any]]) -> None:
        """Take in new values of fields of `Known`. Raises `DiskFault` and `OSError` as `write_text` does."""
        found = {str(shape): values for shape, values in news.items()}
        if self.file is None:
            self._take(found)
            return
        with FileLock.wait(self.file.with_suffix(LOCK)):
            self._known = self._kept()  # another launch may have learned something
            self._take(found)
            rows = {shape: _row(known) for shape, known in sorted(self._known.items())}
            write_text(json.dumps(rows, indent=1) + "\n", self.file)

    def _take(self, found: Mapping[str, Mapping[str, Any]]) -> None:
        for shape, values in found.items():
            self._known[shape] = replace(self._known.get(shape, Known()), **values)

    def _kept(self) -> dict[str, Known]:
        """Return what the file holds; nothing where it was damaged or written by another version."""
        if self.file is None or not self.file.is_file():
            return {}
        try:
            rows = json.loads(self.file.read_text(encoding="utf-8"))
            return {shape: _known(row) for shape, row in rows.items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}  # what is measured again costs seconds


def _row(known: Known) -> dict[str, Any]:
    footprint = None if known.footprint is None else asdict(known.footprint)
    return {"footprint": footprint, "together": dict(known.together), "least_share": known.least_share}


def _known(row: Mapping[str, Any]) -> Known:
    footprint = None if row["footprint"] is None else Footprint(**row["footprint"])
    together = {int(count): float(speed) for count, speed in row["together"].items()}
    return Known(footprint, MappingProxyType(together), float(row["least_share"]))
