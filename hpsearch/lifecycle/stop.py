"""Stops the process that runs a study, on whichever machine: everything is written, and nothing is lost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from hpsearch.study.lock import Holder, holder_of
from hpsearch.study.requests import request_stop, withdraw_stop

PATIENCE_S = 60.0
"""How long the process may write before it is said that it has not stopped."""


@dataclass(frozen=True)
class Stopping:
    """What came of asking a study to stop, and in words."""

    stopped: bool
    text: str


def stop(folder: Path, patience_s: float = PATIENCE_S) -> Stopping:
    """Ask the process that runs the study in `folder` to stop, and wait until it has."""
    holder = holder_of(folder)
    if holder is None:
        return Stopping(False, f"study {folder.name!r} is not running")
    request_stop(folder)
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        now = holder_of(folder)
        if now is None or _other(now, holder):
            withdraw_stop(folder)
            text = f"study {folder.name!r} has stopped; everything is kept. Launch it again to go on"
            return Stopping(True, text)
        time.sleep(0.2)
    return Stopping(
        False,
        f"study {folder.name!r} was asked to stop and has not within {patience_s:.0f} s. Where process "
        f"{holder.pid} on {holder.host} hangs, `kill -9 {holder.pid}` there: the next launch goes on",
    )


def _other(now: Holder, before: Holder) -> bool:
    """Say whether another process runs the study now; one that has not written its name may be the same."""
    return now != Holder() and before != Holder() and now != before
