"""Ends a launch whose trials fail one after another for one reason: what costs no epoch would never end."""

from __future__ import annotations


class TrialsFail(Exception):
    """As many trials in a row failed for one reason as may: the launch ends."""


class Failures:
    """Counts trials that failed in a row for one reason, with no epoch of any trial between; `most` may."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._reason = ""
        self._count = 0

    def add(self, reason: str) -> None:
        """Note that a trial failed."""
        self._count = self._count + 1 if reason == self._reason else 1
        self._reason = reason

    def trained(self) -> None:
        """Note that a trial has trained an epoch."""
        self._count = 0

    def check(self) -> None:
        """Raise `TrialsFail` where no further trial shall start."""
        if self._count >= self._most:
            raise TrialsFail(
                f"{self._count} trials in a row failed for one reason (search.max_failures): {self._reason}. "
                "`hpsearch logs` shows more; the next launch goes on with other trials"
            )
