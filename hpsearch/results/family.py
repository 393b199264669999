"""The helpers that the same runs could have called the best, beside one baseline: intervals that hold
together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

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
        return self._interval(place, float(self._one(place).halves(1 - confidence, self._loadings)[0]))

    def differences(self, confidence: float = CONFIDENCE) -> tuple[Interval, ...]:
        """Return the difference of each helper, in their order."""
        halves = self._contrasts.halves(1 - confidence, self._loadings)
        return tuple(self._interval(place, half) for place, half in enumerate(halves.tolist()))

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

    @property
    def _loadings(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """The loadings of all comparisons; of those with other baselines nothing is known."""
        return np.concatenate([self._contrasts.loadings, np.zeros(self.others)])

    def _one(self, place: int) -> Contrasts:
        """Return the contrast of one helper alone: its quantile is dear."""
        at, all_ = [place], self._contrasts
        return Contrasts(all_.differences[at], all_.errors[at], all_.df[at], all_.loadings[at])

    def _interval(self, place: int, half: float) -> Interval:
        seeds = min(len(self.baseline.values), len(self.helpers[place].values))
        return Interval(float(self._contrasts.differences[place]), half, seeds)
