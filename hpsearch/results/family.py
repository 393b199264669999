"""The helpers that the same runs could have called the best, beside one baseline: intervals that hold
together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hpsearch.results.arms import Arm
from hpsearch.results.many_to_one import Contrasts, Runs, contrasts
from hpsearch.results.statistics import CONFIDENCE, Interval


@dataclass(frozen=True)
class Family:
    """Helpers and their baseline, each with two runs or more.

    `others` counts the comparisons with other baselines that could have been made as well: the family is as
    many larger.
    """

    baseline: Arm
    helpers: tuple[Arm, ...]
    others: int = 0

    def difference(self, helper: Arm, confidence: float = CONFIDENCE) -> Interval:
        """Return helper - baseline: the intervals of all helpers hold together with this confidence."""
        place = self.helpers.index(helper)
        [half] = self._contrasts.halves(1 - confidence, self.others, slice(place, place + 1))
        seeds = min(len(self.baseline.values), len(helper.values))
        return Interval(float(self._contrasts.differences[place]), float(half), seeds)

    @property
    def size(self) -> int:
        """How many comparisons the same runs could have chosen."""
        return len(self.helpers) + self.others

    @property
    def without_seeds(self) -> bool:
        """Whether what a seed does to all arms was taken out."""
        return self._runs.blocked

    @cached_property
    def _runs(self) -> Runs:
        return Runs.of([arm.values for arm in (self.baseline, *self.helpers)])

    @cached_property
    def _contrasts(self) -> Contrasts:
        return contrasts(self._runs)
