"""Which column of a table is which: names are known again whatever their capitals, spaces and signs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SIMILAR = 0.8
"""`rol` is taken for a mistyped `roll`, `image` is not taken for anything."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table that are known, and the others."""

    written: dict[str, str]
    """Each known name that is there -> how the table writes it; in the order of the known names."""
    unused: tuple[str, ...]
    faults: tuple[str, ...]

    @classmethod
    def of(cls, table: Sequence[str], known: Sequence[str]) -> Columns:
        """Find the `known` names among the columns of a table."""
        by_name = {plain(name): name for name in known}
        found: dict[str, list[str]] = {}
        unused: list[str] = []
        for column in table:
            if name := by_name.get(plain(column)):
                found.setdefault(name, []).append(column)
            else:
                unused.append(column)
        faults = [
            f"the columns {', '.join(map(repr, columns))} mean the same: leave one of them"
            for name, columns in found.items()
            if len(columns) > 1
        ]
        faults += _mistyped(unused, [name for name in known if name not in found])
        written = {name: found[name][0] for name in known if name in found}
        return cls(written, tuple(unused), tuple(faults))


def plain(name: str) -> str:
    """Return a name in small letters and digits, with `_` between its words: `Yaw (deg)` is `yaw_deg`."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def _mistyped(unused: Sequence[str], absent: Sequence[str]) -> Iterator[str]:
    for column in unused:
        if close := difflib.get_close_matches(plain(column), absent, n=1, cutoff=SIMILAR):
            yield f"there is no column {column!r}: if {close[0]!r} is meant, call it so, else remove it"
