"""Waits for input that is away, such as images on a network file system, as long as it may come back."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpsearch.work.items import NoWork, WorkItem
from trainables.base.errors import Fault, InputError
from trainables.training.jobs.job import IMAGES

Look = Callable[[], Sequence[Fault]]
"""Looks at some input; returns what is wrong with it, nothing where it is there."""


class InputsLost(Exception):
    """Input that a worker and the driver both found bad: the launch ends, and the next one goes on."""


@dataclass(frozen=True)
class _Awaited:
    look: Look
    item: WorkItem | None


class Patience:
    """Holds items back whose input is away, for `patience_s` at most. `say` shows the user a line."""

    def __init__(
        self, patience_s: float, say: Callable[[str], None], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience_s, self._say, self._now_s = patience_s, say, now_s
        self._awaited: list[_Awaited] = []
        self._since_s: float | None = None
        self._ready: list[WorkItem] = []

    def wait_for(self, look: Look, item: WorkItem | None = None) -> None:
        """Wait until `look` finds no fault; then the item, where one is given, is handed out again."""
        self._awaited.append(_Awaited(look, item))

    def next_item(self) -> WorkItem | NoWork | None:
        """Return an item whose input is there again, `WAIT` while any is away, None where none was.

        Raises `InputsLost` where it did not come back, or cannot, since the image is there and damaged.
        """
        faults = [fault for awaited in self._awaited for fault in awaited.look()]
        if faults:
            self._wait(list(dict.fromkeys(faults)))
            return NoWork.WAIT
        self._ready += [awaited.item for awaited in self._awaited if awaited.item is not None]
        self._awaited.clear()
        if self._since_s is not None:
            self._say(f"it is back after {self._now_s() - self._since_s:.0f} s: the search goes on")
            self._since_s = None
        return self._ready.pop(0) if self._ready else None

    def _wait(self, faults: Sequence[Fault]) -> None:
        some = str(faults[0]) + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else "")
        if all(map(_is_broken, faults)):
            raise InputsLost(f"{some}. Its trials are kept as they are")
        if self._since_s is None:
            self._since_s = self._now_s()
            self._say(f"{some}: the search waits for it, {self._patience_s:g} s at most")
        if self._now_s() - self._since_s >= self._patience_s:
            raise InputsLost(
                f"{some}, for {self._patience_s:g} s (search.patience_s): bring it back. Its trials are kept "
                "as they are"
            )


def faults_of(action: Callable[[], object]) -> Sequence[Fault]:
    """Return what is wrong with the input of an action; nothing where it can be done."""
    try:
        action()
    except InputError as error:
        return error.faults
    return ()


def _is_broken(fault: Fault) -> bool:
    """Say whether a fault is of an image whose bytes can be read: waiting does not change them."""
    file = Path(fault.file)
    if file.suffix not in IMAGES:
        return False
    try:
        file.read_bytes()
    except OSError:
        return False
    return True
