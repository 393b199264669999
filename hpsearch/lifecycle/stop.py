"""Stops the process that runs a study, on whichever machine: everything is written, and nothing is lost."""

from __future__ import annotations

import time
from pathlib import Path

from hpsearch.study.lock import Holder, holder_of
from hpsearch.study.requests import request_stop, withdraw_stop

PATIENCE_S = 60.0
"""How long the process may write before it is said that it has not stopped."""


def stop(folder: Path, patience_s: float = PATIENCE_S) -> str:
    """Ask the process that runs the study in `folder` to stop; return a line that says what came of it."""
    holder = holder_of(folder)
    if holder is None:
        return f"study {folder.name!r} is not running"
    request_stop(folder)
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        now = holder_of(folder)
        if now is None or _other(now, holder):
            withdraw_stop(folder)
            return f"study {folder.name!r} has stopped; everything is kept. Launch it again to go on"
        time.sleep(0.2)
    return (
        f"study {folder.name!r} was asked to stop and has not within {patience_s:.0f} s. Where process "
        f"{holder.pid} on {holder.host} hangs, `kill -9 {holder.pid}` there: the next launch goes on"
    )


def _other(now: Holder, before: Holder) -> bool:
    """Say whether another process runs the study now; one that has not written its name may be the same."""
    return now != Holder() and before != Holder() and now != before
