"""The head of a cluster: where it is gone, a launch still ends in order, for which Ray leaves no chance."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

CONNECT_TIMEOUT_S = 5.0
ASKED_EVERY_S = 2.0
GONE_S = 20.0
"""How long a head may be away. After 60 s Ray aborts the process, and what ends a launch takes its time."""

UNWIND_S = 5.0
FAILED = 1


class _HeadGone(KeyboardInterrupt):
    """Leaves Tune, which takes every `Exception` for the trial's."""


def head_answers(address: str) -> bool:
    """Say whether something listens at an address, HOST:PORT."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True


@contextmanager
def head_watched(address: str, give_up: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, end the process with status 1 where nothing listens at `address` for `GONE_S`.

    Before it ends, `give_up` is called with the reason, in a thread: most calls of Ray never return without a
    head, so that the main thread, which is to leave the block first, may hang in one.
    """
    over, left = threading.Event(), threading.Event()
    main = threading.main_thread().ident or 0

    def watch() -> None:
        answered_s = time.monotonic()
        while not over.wait(ASKED_EVERY_S):
            if head_answers(address):
                answered_s = time.monotonic()
            elif time.monotonic() - answered_s > GONE_S:
                break
        if not over.is_set():
            signal.pthread_kill(main, signal.SIGUSR1)
            left.wait(UNWIND_S)
            try:
                give_up(f"the head of the cluster, {address}, is gone")
            finally:
                os._exit(FAILED)

    def on_gone(signum: int, frame: FrameType | None) -> NoReturn:
        raise _HeadGone

    before = signal.signal(signal.SIGUSR1, on_gone)
    threading.Thread(target=watch, name="head", daemon=True).start()
    try:
        yield
    except _HeadGone:
        left.set()
        over.wait()  # for ever: the thread ends the process
    finally:
        over.set()
        signal.signal(signal.SIGUSR1, before)
