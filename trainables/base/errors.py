"""The user's mistakes: each fault names the place, the rule, the value and the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Fault:
    """One mistake in the user's input.

    `where` is a dotted key path or a command-line option; `line` is the 1-based line in `file`, if known.
    """

    message: str
    where: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.where, self.message) if part)


class InputError(Exception):
    """The user's input is wrong: all faults at once, shown without a traceback; exit status 2."""

    def __init__(self, faults: Sequence[Fault] | Fault | str) -> None:
        if isinstance(faults, str):
            faults = [Fault(faults)]
        elif isinstance(faults, Fault):
            faults = [faults]
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class InputWarning(UserWarning):
    """The user's input does not mean what it may seem to; one sentence, with the way out."""


def why(error: Exception) -> str:
    """Return an error as the rest of a sentence; of the system's own, neither their number nor the path."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


def brief(value: object) -> str:
    """Return how a message shows a value: as Python writes it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(name: str, valid: Iterable[str], origins: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return ' (did you mean X?)' for the valid name closest to `name`, with all valid names after it.

    `origins` says of some of them where they come from.
    """
    names = sorted(valid)
    if not names:
        return " (there is none)"
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    listed = (f"{each} of {origins[each]}" if each in origins else each for each in names)
    return f" ({hint}valid: {', '.join(listed)})"
