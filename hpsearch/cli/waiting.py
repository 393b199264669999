"""What a command is busy with before it has something to show: a moving sign, or lines in a log."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

ALL_COLUMNS = 10_000
"""Characters of a line where the output is no terminal: no column is left out, and no line is broken."""


def whole_console() -> Console:
    """Return a console as wide as the terminal; in a file or a pipe, as wide as whatever is printed."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=ALL_COLUMNS)


class Waiting:
    """Shows one thing at a time; a context manager, because a terminal must be left in order."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._status: Status | None = None

    def on(self, what: str) -> None:
        """Show what is being done from now on."""
        text = Text(f"{what} ...")
        if not self.console.is_terminal:
            self.console.print(text, soft_wrap=True)
        elif self._status is None:
            self._status = Status(text, console=self.console)
            self._status.start()
        else:
            self._status.update(text)

    def over(self) -> None:
        """Show nothing any more."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over()
