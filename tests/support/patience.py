"""How long a test waits for what must come: far longer than that takes, whatever else the machine does.

A test that passes never waits so long. What a test is about, such as a driver's own time limit, is another
matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 900.0
"""More than ten times what the longest command of the tests takes on two quiet cores."""

LOOKED_EVERY_S = 0.05


def wait_until(there: Callable[[], bool], what: str) -> None:
    """Return once `there`; fail with `what` where that never comes."""
    until_s = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < until_s, what
        time.sleep(LOOKED_EVERY_S)
