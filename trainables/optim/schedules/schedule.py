"""What a schedule is: the learning rate's factor as a function of the epochs completed."""

from __future__ import annotations

from typing import Protocol


class Schedule(Protocol):
    """Has no state: a resumed run needs only the number of its epochs."""

    def factor(self, completed: int) -> float:
        """Return what the learning rate is multiplied by in the epoch after `completed` epochs."""


class ScheduleConfig(Protocol):
    """The settings of a schedule."""

    def build(self, epochs: int) -> Schedule:
        """Make the schedule of a run of this many epochs."""
