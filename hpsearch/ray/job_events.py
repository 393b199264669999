"""Events: the lines of a job's output that programs read; the words of all others are for people.

A command prints them only where whoever submitted it as a job has asked for them.
"""

from __future__ import annotations

import json
import os
import re
from enum import StrEnum

WANTED = "HPSEARCH_EVENTS"
"""The environment variable that asks for events."""

MARK = "--- hpsearch: "

_LINE = re.compile(rf"{re.escape(MARK)}(\{{[^\n]*\}})\n")


class JobEvent(StrEnum):
    """What has happened in a job."""

    ON_HEAD = "on_head"
    """Our own code has begun; what stands in the log before it was written by Ray."""
    SEARCHING = "searching"
    """A launch has passed all its checks, and its trials begin."""
    STOPPED = "stopped"
    """A study that was running has been stopped."""


def tell(event: JobEvent, **facts: str) -> None:
    """Print an event on a line of its own, where events are asked for."""
    if os.environ.get(WANTED):
        print(f"{MARK}{json.dumps({'event': event, **facts})}", flush=True)


def read_events(log: str) -> tuple[tuple[JobEvent, ...], str]:
    """Return the events of a log, and the log without them, as far as it is complete.

    The log may end in the middle of an event's line: what may become one is held back.
    """
    events = tuple(JobEvent(json.loads(found)["event"]) for found in _LINE.findall(log))
    text = _LINE.sub("", log)
    last = range(text.rfind("\n") + 1, len(text))
    held = next((at for at in last if MARK.startswith(text[at : at + len(MARK)])), len(text))
    return events, text[:held]
