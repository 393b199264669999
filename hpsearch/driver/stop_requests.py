"""Obeys a request to stop, which anybody who sees the study's folder may leave there: as Ctrl-C does.

Where that folder itself is removed, the launch ends too.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hpsearch.study.claim import Claim
from hpsearch.study.requests import stop_requested, withdraw_stop

LOOKED_EVERY_S = 1.0


@contextmanager
def stop_obeyed(claim: Claim) -> Iterator[None]:
    """While the block runs, interrupt the main thread once a stop of the study is requested.

    A request that was there before was meant for an earlier launch. Raises `SystemExit` with a sentence where
    the study's folder was removed or replaced, and interrupts the main thread for it.
    """
    folder = claim.folder
    withdraw_stop(folder)
    over, main = threading.Event(), threading.main_thread().ident or 0

    def watch() -> None:
        while not over.wait(LOOKED_EVERY_S):
            with suppress(OSError):  # a network disk that is away comes back
                if claim.is_lost():
                    signal.pthread_kill(main, _signal())
                    return
                if stop_requested(folder):
                    signal.pthread_kill(main, _signal())
                    withdraw_stop(folder)
                    return

    thread = threading.Thread(target=watch, name="stop-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if claim.is_lost():
            raise SystemExit(
                f"the folder of study {folder.name!r} was removed or replaced: {folder}. The launch ends; "
                "put the folder back to go on, or launch again to start over"
            )


def _signal() -> signal.Signals:
    """Return the signal of Ctrl-C, or SIGTERM where that is ignored, as in the background of a script."""
    return signal.SIGTERM if signal.getsignal(signal.SIGINT) == signal.SIG_IGN else signal.SIGINT
