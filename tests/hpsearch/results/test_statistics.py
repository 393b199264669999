"""Intervals against scipy's Student distribution and cases worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpsearch.results.statistics import interval, paired_difference, t_quantile

finite = st.floats(-100, 100)


@pytest.mark.parametrize("df", [*range(1, 40), 120, 999])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99])
def test_quantiles_are_those_of_students_t(df: int, confidence: float) -> None:
    assert t_quantile(df, confidence) == pytest.approx(stats.t.ppf((1 + confidence) / 2, df), rel=1e-9)


@given(st.lists(finite, min_size=2, max_size=8))
def test_intervals_are_scipys(values: list[float]) -> None:
    got = interval(values)
    error = stats.sem(values)
    assert got.mean == pytest.approx(sum(values) / len(values), abs=1e-9)
    assert got.half == pytest.approx(stats.t.ppf(0.975, len(values) - 1) * error, rel=1e-6, abs=1e-9)


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
