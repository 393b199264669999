"""What a command does when it is interrupted: it ends in order; a second signal ends it at once."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

INTERRUPTED, TERMINATED = 130, 143
"""Exit statuses, as shells give them."""

INSIST = 3
"""The Ctrl-C that ends a command at once."""


class Interruptions:
    """Turns Ctrl-C, SIGTERM and SIGHUP into one `KeyboardInterrupt`, so that everything is written.

    A second Ctrl-C says that a command is still writing, the third ends it at once and without a traceback:
    the next launch makes up for what was not written. SIGHUP (the terminal was closed) counts as SIGTERM. A
    signal that is ignored when the command starts, as under `nohup`, stays ignored.
    """

    def __init__(self) -> None:
        self.status: int | None = None
        """The exit status, None where nothing interrupted the command."""
        self._pressed = 0
        self._terminals = [stream.fileno() for stream in (sys.stdout, sys.stderr) if stream.isatty()]

    def __enter__(self) -> Interruptions:
        signal.signal(signal.SIGTERM, self._on_end)
        for sent, answer in ((signal.SIGINT, self._on_ctrl_c), (signal.SIGHUP, self._on_end)):
            if signal.getsignal(sent) != signal.SIG_IGN:
                signal.signal(sent, answer)
        return self

    def __exit__(self, *error: object) -> None:
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python closes down: it would show a traceback

    def _on_ctrl_c(self, signum: int, frame: FrameType | None) -> None:
        self._pressed += 1
        if self._pressed >= INSIST:
            os._exit(INTERRUPTED)
        if self.status is None:
            self.status = INTERRUPTED
            raise KeyboardInterrupt
        os.write(2, b"\nStill writing what is done; Ctrl-C once more ends it at once\n")

    def _on_end(self, signum: int, frame: FrameType | None) -> None:
        if signum == signal.SIGHUP:
            self._leave_terminals()
        if self.status is None:
            self.status = TERMINATED
            raise KeyboardInterrupt

    def _leave_terminals(self) -> None:
        """Write to nowhere what would be written to a terminal that is gone, which is an error."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in self._terminals:
            os.dup2(nowhere, descriptor)
