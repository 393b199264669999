"""A value that is computed again only as often as that costs little."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

SHARE = 0.02
"""Of the time, at most, that computing may take."""

CHEAP_S = 0.005
"""What takes less is computed whenever it is asked for."""


class Seldom(Generic[T]):
    """Calls `compute` unless its last result is too young beside what it took: then that is returned."""

    def __init__(self, compute: Callable[[], T]) -> None:
        self._compute = compute
        self._kept: tuple[T] | None = None
        self._again_s = 0.0

    def __call__(self) -> T:
        """Return the value, which may be a little old."""
        began_s = time.perf_counter()
        if self._kept is None or began_s >= self._again_s:
            self._kept = (self._compute(),)
            now_s = time.perf_counter()
            took_s = now_s - began_s
            self._again_s = now_s + (0.0 if took_s < CHEAP_S else took_s / SHARE)
        return self._kept[0]
