"""Obeys a request to stop, which anybody who sees the study's folder may leave there: as Ctrl-C does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpsearch.study.requests import stop_requested, withdraw_stop

LOOKED_EVERY_S = 1.0


@contextmanager
def stop_obeyed(folder: Path) -> Iterator[None]:
    """While the block runs, interrupt the main thread once a stop of the study in `folder` is requested.

    A request that was there before was meant for an earlier launch.
    """
    withdraw_stop(folder)
    over, main = threading.Event(), threading.main_thread().ident or 0

    def watch() -> None:
        while not over.wait(LOOKED_EVERY_S):
            if stop_requested(folder):
                withdraw_stop(folder)
                signal.pthread_kill(main, _signal())
                return

    thread = threading.Thread(target=watch, name="stop-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _signal() -> signal.Signals:
    """Return the signal of Ctrl-C, or SIGTERM where that is ignored, as in the background of a script."""
    return signal.SIGTERM if signal.getsignal(signal.SIGINT) == signal.SIG_IGN else signal.SIGINT
