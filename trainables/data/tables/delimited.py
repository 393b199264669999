"""Tables as text with one row per line: CSV, and what spreadsheets of other countries write.

The columns are separated by the one of comma, semicolon, tab and bar that parts the heading into most. The
text is UTF-8, or UTF-16 where its first bytes say so. A row with more fields than the heading is never read:
`0,94` without quotes is two fields, and all after it would be taken for something else.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from trainables.base.errors import Fault, InputError, brief, why
from trainables.data.tables.table import Row, Unreadable

DELIMITERS = (",", ";", "\t", "|")
UTF_8 = "utf-8-sig"


class DelimitedTable:
    """A text file with a heading and a row per line.

    Raises `InputError` where the heading cannot be read.
    """

    decimal_commas = True

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            with file.open("rb") as opened:
                self._encoding = _encoding(opened.read(64))
            with self._opened() as text:
                self._delimiter = _delimiter(text.readline())
            with self._opened() as text:
                self.columns = tuple(next(self._reader(text), ()))
        except (OSError, UnicodeError, csv.Error) as error:
            raise InputError(Fault(f"this table cannot be read: {why(error)}", file=str(file))) from None

    def _opened(self) -> TextIO:
        """Open the file. Bytes that are no text come as surrogates: they spoil their own row alone."""
        return self.file.open(newline="", encoding=self._encoding, errors="surrogateescape")

    def _reader(self, text: TextIO) -> Iterator[list[str]]:
        return csv.reader(text, delimiter=self._delimiter, skipinitialspace=True)

    def rows(self) -> Iterator[Row | Unreadable]:
        """Yield the rows; lines without any text are none."""
        with self._opened() as text:
            lines = csv.reader(text, delimiter=self._delimiter, skipinitialspace=True)
            next(lines, None)
            while True:
                try:
                    fields = next(lines)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Unreadable(f"line {lines.line_num} of the table cannot be read: {error}")
                    continue
                if any(fields):
                    yield self._row(fields, lines.line_num)

    def _row(self, fields: list[str], line: int) -> Row | Unreadable:
        if any(fields[len(self.columns) :]):
            return Unreadable(
                f"line {line} of the table has {len(fields)} fields, the heading has {len(self.columns)}: "
                f"{brief(self._delimiter.join(fields))}. Where commas are decimal marks, separate the "
                "columns by semicolons or tabs, or write each number in quotes"
            )
        return {name: field for name, field in zip(self.columns, fields, strict=False) if field}


def _encoding(head: bytes) -> str:
    """Return the encoding that the first bytes of a text show; UTF-8 where they show none."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) >= 4 and not any(head[1::2]):  # a heading in ASCII: each second byte is 0
        return "utf-16-le"
    if len(head) >= 4 and not any(head[0::2]):
        return "utf-16-be"
    return UTF_8


def _delimiter(heading: str) -> str:
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([heading], delimiter=mark), ())))
