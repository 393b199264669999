"""Tables as JSON lines: one object per line, `{"file": "1.jpg", "yaw": 3.5}`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from trainables.base.errors import Fault, InputError, brief, why
from trainables.data.tables.table import Row, Unreadable


class JsonLinesTable:
    """A file with an object per line; its columns are the keys of the first.

    Raises `InputError` where the first line is no object.
    """

    decimal_commas = False

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            with self.file.open(encoding="utf-8-sig") as lines:
                first = json.loads(next((line for line in lines if line.strip()), "{}"))
        except (OSError, ValueError) as error:
            rule = f"the first line of this table is not a JSON object ({why(error)}): write one per line"
            raise InputError(Fault(rule, file=str(file))) from None
        if not isinstance(first, dict):
            raise InputError(Fault("write one JSON object per line, a list of them is none", file=str(file)))
        self.columns = tuple(first)

    def rows(self) -> Iterator[Row | Unreadable]:
        """Yield the rows; lines without any text are none."""
        with self.file.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield self._row(line, number)

    def _row(self, line: str, number: int) -> Row | Unreadable:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            return Unreadable(f"line {number} of the table is not a JSON object: {brief(line.strip())}")
        return {key: _text(value) for key, value in row.items() if value not in (None, "", [])}


def _text(value: object) -> str:
    """Return a value as a text table has it: the four edges of a box separated by spaces."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
