"""The processes of Ray that a driver needs: where one is gone, a launch still ends in order.

Ray leaves it no chance: without a node of its own a driver waits for ever, and without a head Ray aborts it.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

CONNECT_TIMEOUT_S = 5.0
ASKED_EVERY_S = 2.0
AWAY_S = 20.0
"""How long a head may be away. After 60 s Ray aborts the process, and what ends a launch takes its time."""

AWAY_HERE_S = 4.0
"""How long a process on this machine may be away: none that was killed comes back."""

UNWIND_S = 5.0
FAILED = 1


def answers(address: str) -> bool:
    """Say whether something listens at an address, HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True


@contextmanager
def ray_watched(
    addresses: Mapping[str, str], away_s: float, give_up: Callable[[str], None]
) -> Iterator[None]:
    """While the block runs, end the process with status 1 where nothing listens at an address for `away_s`.

    `addresses` are HOST:PORT by what listens there. Before the process ends, `give_up` is called with the
    reason, in a thread: most calls of Ray never return then, so that the main thread, which is to leave the
    block first, may hang in one.
    """
    lost, over, left = threading.Event(), threading.Event(), threading.Event()
    main = threading.main_thread().ident or 0

    def watch() -> None:
        answered_s, gone = dict.fromkeys(addresses, time.monotonic()), ""
        while not gone and not over.wait(ASKED_EVERY_S):
            answered_s |= {what: time.monotonic() for what, where in addresses.items() if answers(where)}
            away = (what for what, at_s in answered_s.items() if time.monotonic() - at_s > away_s)
            gone = next(away, "")
        if gone and not over.is_set():
            lost.set()
            signal.pthread_kill(main, signal.SIGUSR2)
            left.wait(UNWIND_S)
            try:
                give_up(f"{gone}, {addresses[gone]}, is gone")
            finally:
                os._exit(FAILED)

    def on_gone(signum: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt  # Tune takes every `Exception` for the trial's

    # not SIGUSR1, with which Tune ends a run as if it were done
    before = signal.signal(signal.SIGUSR2, on_gone)
    threading.Thread(target=watch, name="ray-watch", daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:  # Ray raises one of its own for ours
        if not lost.is_set():
            raise
        left.set()
        over.wait()  # for ever: the thread ends the process
    finally:
        over.set()
        signal.signal(signal.SIGUSR2, before)
