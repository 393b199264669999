"""Repeated intervals: how often they err however often one looks, and what they find after how many seeds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from support.on_demand import Truth, outcomes

from hpsearch.results.repeated import CONSTANTS, DIFFERENCE, EQUALITY, KEPT, Look, Plan, levels, look

TWELVE = [Plan(3, 12)] * 12
STUDIES = 1500


def test_the_first_of_many_looks_is_strict_and_the_last_almost_a_single_tests() -> None:
    found = levels(TWELVE, 0.05)
    assert found[:2] == [None, None]
    known = [level for level in found if level is not None]
    assert len(known) == 10 and known == sorted(known)
    assert known[0] < 0.004 and 0.015 < known[-1] < 0.05
    equal = [level for level in levels(TWELVE, 0.05, EQUALITY) if level is not None]
    assert equal[0] < known[0] / 10 and equal[-1] > known[-1]


def test_one_look_has_the_whole_error_rate_but_what_is_kept() -> None:
    assert levels([Plan(5, 5)] * 5, 0.05) == [None] * 4 + [pytest.approx(0.05 * (1 - KEPT))]


def test_a_plan_that_is_raised_spends_what_is_left() -> None:
    """After all twelve looks hardly anything; after four of them most."""
    late = levels([*TWELVE, *[Plan(3, 24)] * 12], 0.05)
    early = levels([*[Plan(3, 12)] * 6, *[Plan(3, 24)] * 18], 0.05)
    whole = levels([Plan(3, 24)] * 24, 0.05)
    assert late[:12] == levels(TWELVE, 0.05) and early[:6] == late[:6]
    assert (late[23] or 0) < 0.002 < 0.008 < (early[23] or 0) < (whole[23] or 0)


@pytest.mark.parametrize(
    "plans",
    [TWELVE, [Plan(3, 6)] * 6 + [Plan(3, 12)] * 6, [Plan(3, 24)] * 5 + [Plan(3, 8)] * 3],
    ids=["3 to 12", "raised", "lowered"],
)
@pytest.mark.parametrize("truth", [Truth(), Truth(noisier=3.0), Truth(correlation=0.5)], ids=str)
def test_equal_designs_are_told_apart_in_one_of_forty_studies_whatever_the_plan(
    plans: list[Plan], truth: Truth
) -> None:
    """2.5 % is meant each way; five standard errors above it are 4.5 %. One t-test per look comes to 10 %."""
    found, _ = outcomes(truth, plans, STUDIES, zone_deg=None)
    assert found["better"] < 0.045 and found["worse"] < 0.045


def test_what_it_finds_and_after_how_many_seeds() -> None:
    """Goals at a noise of 0.3, at correlations of 0 to 0.5, less three standard errors."""
    found, seeds = outcomes(Truth(1.0, 0.5), TWELVE, STUDIES, zone_deg=0.5)
    assert found["better"] > 0.99 and seeds < 4.5
    found, seeds = outcomes(Truth(1.0, 0.0), TWELVE, STUDIES, zone_deg=0.5)
    assert found["better"] > 0.99 and seeds < 4.9
    found, seeds = outcomes(Truth(0.5, 0.0), TWELVE, STUDIES, zone_deg=0.5)
    assert found["better"] > 0.90 and seeds < 8.2
    found, seeds = outcomes(Truth(0.0, 0.3), TWELVE, STUDIES, zone_deg=0.5)
    assert found["equal"] > 0.90 and seeds < 9.0


def test_designs_that_differ_by_the_zone_are_said_to_be_equal_in_one_of_forty_studies() -> None:
    found, _ = outcomes(Truth(0.5), TWELVE, STUDIES, zone_deg=0.5)
    assert found["equal"] < 0.045


def test_uncorrelated_errors_have_about_welchs_interval() -> None:
    rng = np.random.default_rng(0)
    helper, baseline = rng.normal(size=200), rng.normal(size=200)
    found = look(helper, baseline).interval(0.05)
    ends = stats.ttest_ind(helper, baseline, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), abs=0.02)
    shared = 3 * rng.normal(size=200)
    assert (look(helper + shared, baseline + shared).interval(0.05).half or 0) > (found.half or 0)
    assert look(np.ones(3), np.zeros(3)).interval(0.05).sign == 1


@pytest.mark.parametrize("shape", CONSTANTS)
def test_constants_grow_with_looks_and_with_strictness(shape: float) -> None:
    rows = list(CONSTANTS[shape].values())
    assert all(list(row) == sorted(row) for row in rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_the_chance_of_a_decision_is_that_of_simulated_ends() -> None:
    rng = np.random.default_rng(3)
    level, of_equality = (levels(TWELVE, 0.05, shape)[-1] or 0.0 for shape in (DIFFERENCE, EQUALITY))
    for mean in (0.0, 0.25, 0.6):
        here = Look(mean, 0.3 * np.sqrt(2 / 6), 8.0, 6)
        ends = 0
        for _ in range(400):
            final = Look(rng.normal(mean, here.error * np.sqrt(0.5)), here.error * np.sqrt(0.5), 17.6, 12)
            close = final.interval(of_equality)
            inside = (close.low or 0) > -0.5 and (close.high or 0) < 0.5
            ends += bool(final.interval(level).sign) or inside
        assert here.chance(12, (level, of_equality), 0.5) == pytest.approx(ends / 400, abs=0.1)
    assert Look(0.2, 3.0, 8.0, 6).chance(12, (level, of_equality), 0.5) < 0.1
