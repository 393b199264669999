"""Repeated confidence intervals: a difference looked at after each further seed, and right at all looks
together.

A test at 5 % that is repeated whenever a seed has been added errs far more often. Repeated intervals
[Jennison and Turnbull 1989] are wider, by the boundary of Wang and Tsiatis [1987]: in 95 % of studies all of
them hold the true difference, so that one may look, stop or go on at any time. Whether designs
differ and whether they are equal are two questions, and each has a boundary of its own.
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

from hpsearch.results.statistics import Doubles, Interval, normal_cdf, t_tail_quantiles

FIRST_LOOK = 3
"""Seeds of the first look at least: two say nothing of their variance."""

KEPT = 0.04
"""Share of the error rate that a plan leaves for the case that it is changed."""

DIFFERENCE, EQUALITY = 0.35, 0.1
"""Shapes of the boundaries of Wang and Tsiatis, 0.5 being Pocock's and 0 that of O'Brien and Fleming. A clear
difference is known early, equality late: each has the boundary that finds it with the fewest seeds."""

ALPHAS = (0.05, 0.02, 0.01, 0.005, 0.002, 0.0005)
CONSTANTS = {
    DIFFERENCE: {
        3: (1.943, 2.291, 2.517, 2.722, 2.962, 3.291),
        4: (2.120, 2.467, 2.696, 2.909, 3.157, 3.497),
        6: (2.255, 2.598, 2.831, 3.052, 3.322, 3.692),
        8: (2.313, 2.654, 2.894, 3.108, 3.378, 3.748),
        12: (2.364, 2.700, 2.932, 3.145, 3.405, 3.758),
        16: (2.389, 2.718, 2.943, 3.157, 3.430, 3.795),
        24: (2.420, 2.746, 2.974, 3.179, 3.442, 3.819),
        50: (2.446, 2.765, 2.981, 3.188, 3.444, 3.800),
    },
    EQUALITY: {
        3: (1.943, 2.291, 2.517, 2.722, 2.962, 3.291),
        4: (2.071, 2.415, 2.648, 2.860, 3.122, 3.468),
        6: (2.145, 2.490, 2.730, 2.955, 3.232, 3.620),
        8: (2.172, 2.517, 2.760, 2.983, 3.256, 3.647),
        12: (2.192, 2.532, 2.765, 2.990, 3.261, 3.626),
        16: (2.200, 2.538, 2.768, 2.989, 3.272, 3.651),
        24: (2.218, 2.549, 2.779, 2.995, 3.261, 3.631),
        50: (2.229, 2.566, 2.794, 3.007, 3.264, 3.617),
    },
}
"""Shape -> seeds at most -> the constant of the boundary at each of `ALPHAS`, of simulated studies whose
helper is three times as noisy as the baseline, the worst case: `python benchmarks/sequential.py --constants`.
"""

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Plan:
    """How many seeds there are before the first look, and at most: where they are equal there is one look."""

    least: int
    most: int


def levels(plans: Sequence[Plan], alpha: float, shape: float = DIFFERENCE) -> list[float | None]:
    """Return the two-sided level of the look after each seed; None where there is no look.

    `plans` has the plan that was in force when each seed began; `shape` is one of `CONSTANTS`.
    """
    found: list[float | None] = []
    left = alpha
    for plan, seeds in itertools.groupby(plans):
        budget, spent = (1 - KEPT) * left, 0.0
        constant = _constant(plan.most, budget, shape)
        for _ in seeds:
            place = len(found) + 1
            if not max(plan.least, FIRST_LOOK) <= place <= plan.most:
                found.append(None)
            elif plan.least == plan.most:
                found.append(budget)
                spent = budget
            else:
                bound = constant * (place / plan.most) ** (shape - 0.5)
                found.append(_two_sided(bound))
                # the looks so far are those of a whole plan of so many seeds, with this constant
                spent = budget if place == plan.most else _alpha(place, bound, shape)
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

    def chance(self, most: int, last: tuple[float, float], zone: float | None) -> float:
        """Return how likely the last look of `most` seeds decides; `last` as `chances` has it."""
        mean, error, df = np.array(self.mean), np.array(self.error), np.array(self.df)
        return float(chances(mean, error, df, self.seeds / most, (self.seeds - 1) / (most - 1), last, zone))


def chances(
    mean: Doubles,
    error: Doubles,
    df: Doubles,
    share: float,
    df_share: float,
    last: tuple[float, float],
    zone: float | None,
) -> Doubles:
    """Return how likely the last look decides if things stay as they are: [...] for looks [...].

    `last` are its levels for a difference and for equality.

    `share` of all seeds are there, and `df_share` of their degrees of freedom. The mean moves by the noise of
    the seeds that are still to come, and the interval shrinks by their number.
    """
    shrinks = error * math.sqrt(share)
    half, of_equality = (t_tail_quantiles(df / df_share, level) * shrinks for level in last)
    spread = error * math.sqrt(1 - share)
    safe = np.where(spread > 0, spread, 1.0)
    found = normal_cdf((-half - mean) / safe) + normal_cdf((mean - half) / safe)
    if zone is not None:
        inside = np.maximum(np.minimum(zone - of_equality, half), 0.0)
        found = found + normal_cdf((inside - mean) / safe) - normal_cdf((-inside - mean) / safe)
    return np.where(spread > 0, found, 1.0)


def look(helper: Doubles, baseline: Doubles) -> Look:
    """Return the difference over paired seeds [m], m of 3 or more.

    What seeds share makes the difference less noisy than the two arms by themselves, but is known badly from
    few of them: half of their covariance counts. Its degrees of freedom are Satterthwaite's of that variance;
    it is never too small where seeds do not correlate negatively.
    """
    m, mean = len(helper), float(helper.mean() - baseline.mean())
    (of_helper, covariance), (_, of_baseline) = np.cov(helper, baseline)
    error, df = error_and_df(of_helper, of_baseline, covariance, np.array(m))
    return Look(mean, float(error), float(df), m)


def error_and_df(
    of_helper: Doubles, of_baseline: Doubles, covariance: Doubles, seeds: Doubles
) -> tuple[Doubles, Doubles]:
    """Return the standard error of a difference and its degrees of freedom, [...] each; as `look`."""
    alone = of_helper + of_baseline
    noisy = alone > 0
    squares = np.where(noisy, of_helper**2 + of_baseline**2, 1.0)
    alike = np.where(noisy, alone**2 / squares, 1.0)  # 2 where both are as noisy, 1 where one alone is
    return np.sqrt((alone - covariance) / seeds), (seeds - 1) * 4 * alike / (3 + alike)


def _t(df: float, level: float) -> float:
    return float(t_tail_quantiles(np.array(df), level))


def _constant(most: int, alpha: float, shape: float) -> float:
    """Return the constant of the boundary: between those that are known straight in the quantiles and in log
    m."""
    constants = CONSTANTS[shape]
    known = np.array(list(constants))
    at = [np.interp(_quantile(alpha), _QUANTILES, constants[m]) for m in known.tolist()]
    beyond = max(_quantile(alpha) - _QUANTILES[-1], 0.0)  # the boundary grows with the quantile
    return float(np.interp(math.log(most), np.log(known), at)) + beyond


@lru_cache(maxsize=1024)  # a driver asks for the same few before each run that it begins
def _alpha(most: int, constant: float, shape: float) -> float:
    """Return the error rate of a plan whose boundary has this constant: the inverse of `_constant`."""
    low, high = 1e-12, 0.5
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _constant(most, middle, shape) > constant else (low, middle)
    return high


def _quantile(alpha: float) -> float:
    return -_NORMAL.inv_cdf(alpha / 2)


def _two_sided(bound: float) -> float:
    return 2 * _NORMAL.cdf(-bound)


_QUANTILES = [_quantile(alpha) for alpha in ALPHAS]
