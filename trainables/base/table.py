"""Tables of variants: what can be chosen for one key, by name, as config classes of one protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

from trainables.base.schema import Config

Row = TypeVar("Row")
"""The protocol that the rows' instances keep, such as `HeadConfig`."""


class Table(Mapping[str, type[Row]]):
    """The variants of one kind by name, written `HEADS = Table[HeadConfig]({"bins": BinsConfig})`.

    A row is a `Config` class. Only where the protocol is named like this, mypy compares each row with it.
    """

    def __init__(self, rows: Mapping[str, type[Row]]) -> None:
        self._rows = dict(rows)

    def __getitem__(self, name: str) -> type[Row]:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def configs(self) -> Mapping[str, type[Config]]:
        """The rows as config classes, for whoever reads their settings."""
        return cast(Mapping[str, type[Config]], self)  # Python has no type for "both a Config and a Row"

    def without(self, name: str) -> Table[Row]:
        """Return the table less one row."""
        return Table[Row]({other: row for other, row in self.items() if other != name})
