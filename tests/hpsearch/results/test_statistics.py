"""Intervals against published quantiles, Student's distribution in closed form, and scipy.stats."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpsearch.results.statistics import interval, paired_difference, t_quantile

finite = st.floats(-100, 100)

PUBLISHED = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 7: 2.365, 10: 2.228, 30: 2.042, 120: 1.980}
"""Degrees of freedom -> t with 95 % within ±t. [Abramowitz and Stegun, table 26.10]"""


def within(t: float, df: int) -> float:
    """Return the probability of ±t. [Abramowitz and Stegun, 26.7.3 and 26.7.4]"""
    angle = math.atan(t / math.sqrt(df))
    cosine, term, total = math.cos(angle), 1.0, 0.0
    if df % 2:
        term *= cosine
        for k in range(1, df - 1, 2):
            total += term
            term *= (k + 1) / (k + 2) * cosine**2
        return 2 / math.pi * (angle + math.sin(angle) * total)
    for k in range(0, df, 2):
        total += term
        term *= (k + 1) / (k + 2) * cosine**2
    return math.sin(angle) * total


@pytest.mark.parametrize(("df", "t"), PUBLISHED.items())
def test_quantiles_are_the_published_ones(df: int, t: float) -> None:
    assert t_quantile(df) == pytest.approx(t, abs=5e-4)


@pytest.mark.parametrize("df", [*range(1, 40), 120, 999])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_quantiles_hold_the_confidence_by_the_closed_form(df: int, confidence: float) -> None:
    assert within(t_quantile(df, confidence), df) == pytest.approx(confidence, abs=1e-12)


@given(st.lists(finite, min_size=2, max_size=8))
def test_intervals_are_scipys(values: list[float]) -> None:
    got = interval(values)
    error = stats.sem(values)
    assert got.mean == pytest.approx(sum(values) / len(values), abs=1e-9)
    assert got.half == pytest.approx(stats.t.ppf(0.975, len(values) - 1) * error, rel=1e-6, abs=1e-9)


def test_an_interval_loads_scipy_special_alone_and_importing_the_module_nothing_of_scipy() -> None:
    code = (
        "import sys\n"
        "from hpsearch.results.statistics import interval\n"
        "print('scipy' in sys.modules)\n"
        "interval([1.0, 2.0])\n"
        "print('scipy.special' in sys.modules, 'scipy.stats' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]


def test_one_value_has_no_interval() -> None:
    alone = interval([3.0])
    assert (alone.mean, alone.half, alone.low, alone.sign) == (3.0, None, None, None)


def test_pairs_are_of_common_seeds_alone() -> None:
    left, right = {0: 5.0, 1: 6.0, 2: 7.0, 9: 100.0}, {2: 8.0, 1: 7.1, 0: 5.9, 7: -100.0}
    difference = paired_difference(left, right)
    assert difference is not None
    assert (difference.n, difference.sign) == (3, -1)
    assert difference.mean == pytest.approx(-1.0)
    assert paired_difference({0: 1.0}, {1: 1.0}) is None


def test_seeds_that_shift_both_arms_alike_do_not_hide_a_difference() -> None:
    left, right = {0: 5.0, 1: 9.0, 2: 14.0}, {0: 5.5, 1: 9.4, 2: 14.6}
    difference = paired_difference(left, right)
    assert difference is not None and difference.sign == -1
    wide = interval(list(left.values()))
    assert wide.half is not None and wide.half > 5
