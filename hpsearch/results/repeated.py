"""Repeated confidence intervals: a difference looked at after each further seed, and right at all looks
together.

A test at 5 % that is repeated whenever a seed has been added errs far more often. Repeated intervals
[Jennison and Turnbull 1989] are wider, by the boundary of Wang and Tsiatis [1987] with a shape of 1/4: in 95
% of studies all of them hold the true difference, so that a person may look, stop or go on whenever he likes.
How many seeds there shall be at most is part of it. Where that is changed on the way, a new plan spends what
the looks of the ones before have left of the error rate [Lan and DeMets 1983].
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from hpsearch.results.statistics import Doubles, Interval, t_tail_quantiles

FIRST_LOOK = 3
"""Seeds of the first look at least: two say nothing of their variance."""

KEPT = 0.04
"""Share of the error rate that a plan leaves for the case that it is changed."""

SHAPE = 0.25
"""Of Wang and Tsiatis: 0.5 is Pocock's boundary, 0 that of O'Brien and Fleming."""

ALPHAS = (0.05, 0.02, 0.01, 0.005, 0.002, 0.0005)
CONSTANTS = {
    3: (1.945, 2.292, 2.517, 2.723, 2.965, 3.288),
    4: (2.098, 2.444, 2.672, 2.874, 3.121, 3.467),
    6: (2.206, 2.549, 2.784, 3.001, 3.284, 3.642),
    8: (2.244, 2.584, 2.817, 3.040, 3.321, 3.704),
    12: (2.277, 2.613, 2.844, 3.064, 3.327, 3.727),
    16: (2.292, 2.622, 2.852, 3.080, 3.354, 3.722),
    24: (2.303, 2.636, 2.865, 3.080, 3.353, 3.736),
    50: (2.324, 2.653, 2.878, 3.096, 3.362, 3.759),
}
"""Seeds at most -> the constant of the boundary at each of `ALPHAS`, of simulated studies whose helper is
three times as noisy as the baseline, the worst case: `python benchmarks/sequential.py --constants`."""

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Plan:
    """How many seeds there are before the first look, and at most: where they are equal there is one look."""

    least: int
    most: int


def levels(plans: Sequence[Plan], alpha: float) -> list[float | None]:
    """Return the two-sided level at which each of several seeds is looked at; None where it is not.

    `plans` has the plan that was in force when each seed began.
    """
    found: list[float | None] = []
    left = alpha
    for plan, seeds in itertools.groupby(plans):
        budget, spent = (1 - KEPT) * left, 0.0
        constant = _constant(plan.most, budget)
        for _ in seeds:
            place = len(found) + 1
            if not max(plan.least, FIRST_LOOK) <= place <= plan.most:
                found.append(None)
            elif plan.least == plan.most:
                found.append(budget)
                spent = budget
            else:
                bound = constant * (place / plan.most) ** (SHAPE - 0.5)
                found.append(_two_sided(bound))
                # the looks so far are those of a whole plan of so many seeds, with this constant
                spent = budget if place == plan.most else _alpha(place, bound)
        left -= spent
    return found


@dataclass(frozen=True)
class Look:
    """A difference helper - baseline over paired seeds, its standard error and its degrees of freedom."""

    mean: float
    error: float
    df: float
    seeds: int

    def interval(self, level: float) -> Interval:
        """Return its interval at a level of `levels`."""
        return Interval(self.mean, _t(self.df, level) * self.error, self.seeds)

    def chance(self, most: int, level: float, zone: float | None) -> float:
        """Return how likely the last look of `most` seeds, at its level, decides if things stay as they are.

        The mean moves by the noise of the seeds that are still to come, and the interval shrinks by their
        number.
        """
        share = self.seeds / most
        half = _t(self.df / (self.seeds - 1) * (most - 1), level) * self.error * math.sqrt(share)
        spread = self.error * math.sqrt(1 - share)
        if spread == 0:
            return 1.0
        moves = NormalDist(self.mean, spread)
        found = moves.cdf(-half) + 1 - moves.cdf(half)
        if zone is not None and half < zone:
            inside = min(zone - half, half)
            found += moves.cdf(inside) - moves.cdf(-inside)
        return found


def look(helper: Doubles, baseline: Doubles) -> Look:
    """Return the difference over paired seeds [m], m of 3 or more.

    What seeds share makes the difference less noisy than the two arms by themselves, but is known badly from
    few of them: half of their covariance counts. Its degrees of freedom are Satterthwaite's of that variance;
    it is never too small where seeds do not correlate negatively.
    """
    m, mean = len(helper), float(helper.mean() - baseline.mean())
    (of_helper, covariance), (_, of_baseline) = np.cov(helper, baseline)
    alone = of_helper + of_baseline
    if alone == 0:
        return Look(mean, 0.0, m - 1.0, m)
    alike = alone**2 / (of_helper**2 + of_baseline**2)  # 2 where both are as noisy, 1 where one alone is
    df = (m - 1) * 4 * alike / (3 + alike)
    return Look(mean, math.sqrt((alone - covariance) / m), float(df), m)


def _t(df: float, level: float) -> float:
    return float(t_tail_quantiles(np.array(df), level))


def _constant(most: int, alpha: float) -> float:
    """Return the constant of the boundary: between those that are known straight in the quantiles and in log
    m."""
    known = np.array(list(CONSTANTS))
    at = [np.interp(_quantile(alpha), _QUANTILES, CONSTANTS[m]) for m in known.tolist()]
    beyond = max(_quantile(alpha) - _QUANTILES[-1], 0.0)  # the boundary grows with the quantile
    return float(np.interp(math.log(most), np.log(known), at)) + beyond


@lru_cache(maxsize=1024)  # a driver asks for the same few before each run that it begins
def _alpha(most: int, constant: float) -> float:
    """Return the error rate of a plan whose boundary has this constant: the inverse of `_constant`."""
    low, high = 1e-12, 0.5
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _constant(most, middle) > constant else (low, middle)
    return high


def _quantile(alpha: float) -> float:
    return -_NORMAL.inv_cdf(alpha / 2)


def _two_sided(bound: float) -> float:
    return 2 * _NORMAL.cdf(-bound)


_QUANTILES = [_quantile(alpha) for alpha in ALPHAS]
