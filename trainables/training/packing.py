"""What trainings of one design do together, beside what one does alone, as plain arithmetic."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import pairwise

RISE = 1.05
"""Twice as many trainings must do so much more together; else they only take turns."""

MOST_TOGETHER = 16
"""Trainings in parallel that are measured, at most."""

Together = Mapping[int, float]
"""Images/s of so many trainings of a design in parallel, all together; 1 is among them."""


def counts(most: int) -> Iterator[int]:
    """Yield how many trainings are measured in parallel: 1, 2, 4, ... while so many fit."""
    count = 1
    while count <= min(most, MOST_TOGETHER):
        yield count
        count *= 2


def rises(together: Together) -> bool:
    """Return whether the sum still rose by 5 % with the last doubling; so it does while one is all."""
    before, last = [together[1], *(together[count] for count in sorted(together))][-2:]
    return len(together) == 1 or last >= RISE * before


def settled(together: Together, most: int) -> bool:
    """Return whether nothing is left to be measured of a design of which so many fit."""
    return bool(together) and (not rises(together) or max(together) >= max(counts(most)))


def worth_packing(together: Together) -> int | None:
    """Return how many trainings in parallel are worth it: the most up to which the sum rises by 5 %.

    None where it still rose with the last that were measured: then what fits decides.
    """
    known = sorted(together)
    for count, more in pairwise(known):
        if together[more] < RISE * together[count]:
            return count
    return None


def gain(together: Together, trainings: float) -> float:
    """Return how many times the work of one so many trainings do in parallel.

    Between two counts that were measured it is on the straight line, beyond the last as much as there.
    """
    known = sorted(together)
    above = bisect_left(known, trainings)
    if above in (0, len(known)):
        return together[known[min(above, len(known) - 1)]] / together[1]
    low, high = known[above - 1], known[above]
    way = (trainings - low) / (high - low)
    return (together[low] + way * (together[high] - together[low])) / together[1]
