"""Means over seeds with their 95 % intervals, and differences of paired seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over `n` values and half the width of its interval; None for a single value, which has none."""

    mean: float
    half: float | None
    n: int

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return None if self.half is None else self.mean - self.half

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return None if self.half is None else self.mean + self.half

    @property
    def sign(self) -> int | None:
        """-1 or 1 where all of the interval lies on that side of 0, 0 where it holds 0, None without one."""
        if self.half is None:
            return None
        return 0 if abs(self.mean) <= self.half else int(math.copysign(1, self.mean))


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the mean of one or more values with Student's t-interval."""
    n = len(values)
    mean = statistics.fmean(values)
    if n < 2:
        return Interval(mean, None, n)
    return Interval(mean, t_quantile(n - 1, confidence) * statistics.stdev(values) / math.sqrt(n), n)


def paired_difference(
    left: Mapping[int, float], right: Mapping[int, float], confidence: float = CONFIDENCE
) -> Interval | None:
    """Return left - right over the seeds that both have; None where they share none."""
    seeds = sorted(left.keys() & right.keys())
    return interval([left[seed] - right[seed] for seed in seeds], confidence) if seeds else None


def t_quantile(df: int, confidence: float = CONFIDENCE) -> float:
    """Return t such that Student's t distribution with `df` degrees of freedom has `confidence` within ±t."""
    from scipy.special import stdtrit  # here, as it takes 0.2 s to import and most commands need no interval

    return float(stdtrit(df, (1 + confidence) / 2))


def t_tail_quantiles(df: Doubles, alpha: float) -> Doubles:
    """Return t such that Student's t with each of `df` degrees of freedom lies outside ±t with probability
    alpha."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(df, 1 - alpha / 2))


def chi_quantiles(probabilities: Doubles, df: Doubles) -> Doubles:
    """Return the quantiles of chi / sqrt(df), a standard deviation over its true value: [..., P] for df
    [...]."""
    from scipy.special import chdtri

    df = df[..., None]
    return np.asarray(np.sqrt(chdtri(df, 1 - probabilities) / df))


def normal_cdf(values: Doubles) -> Doubles:
    """Return the probability that a standard normal variable lies below each value."""
    from scipy.special import ndtr

    return np.asarray(ndtr(values))


def f_tail(value: float, df: int, df_within: int) -> float:
    """Return how probable it is that an F statistic of equal groups is larger."""
    from scipy.special import fdtrc

    return float(fdtrc(df, df_within, value))
