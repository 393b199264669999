"""Simultaneous comparisons with one baseline: against SciPy's, against simulation, and how often they err."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from support.noise import NULLS, Design, drawn, signs

from hpsearch.results.many_to_one import Runs, contrasts, critical_value, largest_tail

STUDIES = 1000


def runs(*arms: list[float]) -> Runs:
    return Runs.of([dict(enumerate(errors)) for errors in arms])


@pytest.mark.parametrize("df", [2.0, 4.0, 20.0, 100.0])
def test_with_one_helper_the_quantile_is_students(df: float) -> None:
    found = critical_value(np.array(df), np.array([np.sqrt(0.5)]), 0.05)
    assert found == pytest.approx(stats.t.ppf(0.975, df), rel=1e-4)


def test_with_equal_variances_the_probabilities_are_scipys_of_dunnetts_test() -> None:
    rng = np.random.default_rng(0)
    arms, baseline = [rng.normal(size=5) for _ in range(4)], rng.normal(0.8, 1, size=5)
    pooled = np.mean([arm.var(ddof=1) for arm in (*arms, baseline)])
    t = np.array([arm.mean() - baseline.mean() for arm in arms]) / np.sqrt(2 * pooled / 5)
    found = largest_tail(np.abs(t), np.full(4, 20.0), np.full((4, 4), np.sqrt(0.5)))
    assert found == pytest.approx(stats.dunnett(*arms, control=baseline, rng=rng).pvalue, abs=2e-3)


@pytest.mark.parametrize("df", [1.5, 3.0, 12.0])
def test_unequal_loadings_agree_with_simulation(df: float) -> None:
    rng, loadings = np.random.default_rng(1), np.array([0.2, 0.5, 0.7, 0.9, 0.0])
    draws = 200_000
    normal = loadings * rng.normal(size=(draws, 1)) + np.sqrt(1 - loadings**2) * rng.normal(size=(draws, 5))
    largest = np.abs(normal / np.sqrt(rng.chisquare(df, (draws, 1)) / df)).max(1)
    bound = critical_value(np.array(df), loadings, 0.05)
    assert np.mean(largest >= bound) == pytest.approx(0.05, abs=0.002)  # four standard errors


def test_one_helper_is_welchs_test() -> None:
    helper, baseline = [4.0, 4.6, 4.1], [5.0, 5.1, 6.3, 5.2]
    found = contrasts(runs(baseline, helper))
    expected = stats.ttest_ind(helper, baseline, equal_var=False)
    assert found.differences / found.errors == pytest.approx(expected.statistic)
    assert found.df == pytest.approx(expected.df)
    ends = expected.confidence_interval(0.95)
    assert found.differences[0] - found.halves(0.05)[0] == pytest.approx(ends.low, rel=1e-5)


def test_what_a_seed_does_to_all_of_five_arms_is_no_noise() -> None:
    rng = np.random.default_rng(2)
    errors = rng.normal(size=(5, 4))
    moved = errors + 10 * rng.normal(size=4)
    still, same = (contrasts(runs(*each.tolist())) for each in (errors, moved))
    assert same.errors == pytest.approx(still.errors)
    assert same.halves(0.05) == pytest.approx(still.halves(0.05))
    fewer = contrasts(runs(*moved[:4].tolist()))
    assert fewer.errors.min() > 2 * still.errors.max()


def test_the_baselines_own_variance_is_unbiased_where_seeds_are_taken_out() -> None:
    """Beside eleven quiet arms a residual of a noisy one is 6 % too small in the mean."""
    design, rng = Design(12, 3, 3), np.random.default_rng(3)
    errors = drawn(design, "baseline 2x", 0.0, 20_000, rng)
    found = contrasts(Runs(errors, *design.runs))
    of_baseline = (found.loadings * found.errors) ** 2 * design.seeds
    assert of_baseline[:, 0].mean() == pytest.approx(0.6**2, rel=0.03)


def test_errors_that_never_vary_are_judged_too() -> None:
    found = contrasts(runs([5.0, 5.0], [4.0, 4.0]))
    assert np.isfinite(found.halves(0.05)).all() and found.differences == [-1.0]


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("design", [Design(12, 3, 3), Design(5, 3, 3), Design(4, 3, 5)], ids=str)
def test_equal_designs_are_called_better_in_one_of_forty_studies_at_most(design: Design, null: str) -> None:
    """2.5 % is meant; five standard errors above it are 5 %. Pooled variances come to 9 %."""
    found = signs(design, drawn(design, null, 0.0, STUDIES, np.random.default_rng(4)))
    assert np.mean(found < 0) < 0.05 and np.mean(found > 0) < 0.05


def test_a_helper_that_is_better_is_found() -> None:
    """Goals of 55 %, 85 % and 55 %, less three standard errors."""
    for design, correlation, better_deg, least in (
        (Design(12, 3, 3), 0.0, 1.0, 0.50),
        (Design(12, 3, 3), 0.5, 1.0, 0.82),
        (Design(12, 8, 8), 0.0, 0.5, 0.50),
    ):
        errors = drawn(design, "equal", correlation, STUDIES, np.random.default_rng(5), better_deg)
        assert np.mean(signs(design, errors) < 0) > least


def test_many_studies_at_once_are_judged_as_each_alone() -> None:
    design = Design(6, 3, 4)
    errors = drawn(design, "half 2x", 0.3, 4, np.random.default_rng(6))
    together = contrasts(Runs(errors, *design.runs))
    for study, each in enumerate(errors):
        alone = contrasts(Runs(each, *design.runs))
        assert alone.halves(0.05) == pytest.approx(together.halves(0.05)[study], rel=1e-5)
        assert alone.differences == pytest.approx(together.differences[study])
