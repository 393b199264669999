"""Ends what a killed driver leaves behind, as a small process of its own that outlives the driver.

Ray's processes end by themselves once their driver is gone, but those that were just starting wait for up to
a minute first. Only the standard library is imported: the process is there within milliseconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "HPSEARCH_SCRATCH"
"""Environment variable of the processes of one launch: its scratch folder."""

KEEP_ENVIRONMENT = "SPT_NOENV"
"""Environment variable with which a process that gives itself a title, as Ray's do, does not write it over
the environment that others see: without it the mark was gone."""

PAUSE_S = 0.25
QUIET_S = 3.0
"""How long none must be found: one that was starting another when it was killed is followed by that other."""

LONGEST_S = 60.0
"""How long it is tried where a process does not end."""

ENDED = b"ended in order"


@contextmanager
def reaped(scratch: Path) -> Iterator[None]:
    """Kill processes with `scratch` in `MARK` where this one is killed while the block runs."""
    command = [sys.executable, "-I", "-S", __file__, str(scratch)]
    # a session of its own: no terminal, and no kill of the driver's group, reaches it
    reaper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603  our own
    try:
        yield
    finally:
        reaper.communicate(ENDED)


def wait_and_reap(scratch: str) -> None:
    """Wait for the driver's end, which closes the input; kill what it started unless it ended in order."""
    if sys.stdin.buffer.read() == ENDED:
        return
    mark = f"{MARK}={scratch}".encode()
    # until nothing has been found for a while: what is killed may just have started another process, and
    # Ray's own watchers start again what ends before they do
    began_s = found_s = time.monotonic()
    while (now_s := time.monotonic()) - found_s < QUIET_S and now_s - began_s < LONGEST_S:
        for pid in marked(mark):
            found_s = now_s
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE_S)


def marked(mark: bytes) -> Iterator[int]:
    """Yield the processes of this user that have `mark`, NAME=VALUE, in their environment."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or is another user's
            if mark in environment.read_bytes().split(b"\0"):
                yield int(environment.parent.name)


if __name__ == "__main__":
    wait_and_reap(sys.argv[1])
