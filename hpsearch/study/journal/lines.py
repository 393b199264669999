"""The lines of a study's journal: events as JSON, each with a checksum, so that damage is found and named.

A line is the JSON object that Optuna writes with one more key, which Optuna ignores:

    {"op_code":4,"worker_id":"...","study_id":0,"check":[57,2774321812]}

The first number counts the lines with a checksum from 1. The second is the CRC-32 of the line without this
key, continued from the checksum before. So a changed line, a missing one and one of another journal are all
found. Lines without the key are read as they are: older versions wrote such, and Optuna itself does.
"""

from __future__ import annotations

import json
import re
import shlex
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from trainables.base.errors import Fault, InputError

BEGUN = "datetime_start"
"""The field of an event that begins a trial."""

ENDED = "datetime_complete"
"""The field of an event that ends a trial."""

Event = dict[str, Any]

TOGETHER = 4096
"""Lines that are read at once where nothing is wrong with them."""

_KEY = b',"check":['
_CHECK = re.compile(rb',"check":\[(\d{1,18}),(\d{1,10})\]\}$')


class Checksum(NamedTuple):
    """The value of a line's key `check`; the default is that before the first line."""

    number: int = 0
    crc: int = 0

    def after(self, text: bytes) -> Checksum:
        """Return the checksum of the next line, whose JSON without the key is `text`."""
        return Checksum(self.number + 1, zlib.crc32(text, self.crc))


FIRST = Checksum()


@dataclass(frozen=True)
class Lines:
    """The whole lines of a journal: their events, the last checksum, and their size in bytes."""

    events: list[Event] = field(default_factory=list)
    last: Checksum = FIRST
    size: int = 0


def line_of(event: Event, before: Checksum) -> tuple[bytes, Checksum]:
    """Return the line of an event that follows one with the checksum `before`, and its own checksum."""
    text = json.dumps(event, separators=(",", ":")).encode()
    own = before.after(text)
    return text[:-1] + b',"check":[%d,%d]}\n' % own, own


def read_lines(file: Path) -> Lines:
    """Read a journal, without a last line that is incomplete: a crash left it, or it is being written.

    Raises `InputError` for a damaged line, with what is whole and the way out, and for a file that cannot be
    read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror}", file=str(file))) from None
    *lines, unfinished = content.split(b"\n")
    events: list[Event] = []
    last = Checksum()
    for first in range(0, len(lines), TOGETHER):
        part = lines[first : first + TOGETHER]
        if together := _parsed_together(part, last):
            found, last = together
            events += found
            continue
        for number, line in enumerate(part, start=first + 1):
            try:
                event, last = _parsed(line, last)
            except ValueError as error:
                raise InputError(damage(file, number, str(error), events)) from None
            events.append(event)
    return Lines(events, last, len(content) - len(unfinished))


def damage(file: Path, number: int, what: str, whole: list[Event]) -> Fault:
    """Return the fault of a damaged line, from 1; `whole` are the events of the lines before it."""
    ended = sum(ENDED in event for event in whole)
    kept, aside = shlex.quote(str(file)), shlex.quote(f"{file}.damaged")
    way_out = (
        f"the {number - 1} lines before it are whole and hold {ended} ended trials. Restore the file from a "
        f"copy, or go on from those lines, and train again what is lost: "
        f"mv {kept} {aside} && head -n {number - 1} {aside} > {kept}"
        if whole
        else "no line is whole: restore the file from a copy, or give the space another name (search.name)"
    )
    return Fault(f"the journal is damaged: this line {what}; {way_out}", file=str(file), line=number)


def _parsed_together(lines: list[bytes], before: Checksum) -> tuple[list[Event], Checksum] | None:
    """Return the events of lines and the last checksum, as `_parsed` does in three times the time.

    None where a line has no checksum, or something is wrong with one of them.
    """
    texts = []
    for line in lines:
        text, _, claimed = line.rpartition(_KEY)
        text += b"}"
        before = before.after(text)
        if claimed != b"%d,%d]}" % before:
            return None
        texts.append(text)
    try:
        events = json.loads(b"[" + b",".join(texts) + b"]")
    except (ValueError, RecursionError):
        return None
    whole = len(events) == len(lines) and all(isinstance(it, dict) and "op_code" in it for it in events)
    return (events, before) if whole else None


def _parsed(line: bytes, before: Checksum) -> tuple[Event, Checksum]:
    """Return the event of a line, and its checksum. Raises `ValueError` saying what is wrong with it."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict) or "op_code" not in event:
        raise ValueError("is not an event")
    found = _CHECK.search(line)
    if found is None:
        return event, before
    claimed = Checksum(*map(int, found.groups()))
    if claimed == before.after(line[: found.start()] + b"}"):
        del event["check"]
        return event, claimed
    missing = claimed.number - before.number - 1
    if missing > 0:
        raise ValueError(f"comes too early: {missing} before it {'is' if missing == 1 else 'are'} missing")
    raise ValueError("was changed or does not belong here: its checksum is wrong")
