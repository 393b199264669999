"""What a table of labels offers, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Unreadable:
    """A row that cannot be read, and why; the reason names the line."""

    reason: str


Row = Mapping[str, str]
"""A row by the names of the columns as they are written; an empty field is missing."""


class LabelTable(Protocol):
    """A table on disk. It is pickled into worker processes, so it keeps no file open."""

    @property
    def file(self) -> Path:
        """Where it lies."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns, as they are written."""

    @property
    def decimal_commas(self) -> bool:
        """Whether 0,94 may be a number: not where numbers are typed."""

    def rows(self) -> Iterator[Row | Unreadable]:
        """Yield the rows, a few at a time in memory."""
