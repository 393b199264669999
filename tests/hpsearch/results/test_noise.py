"""The noise of runs, against a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from support import made_up_arms as made_up

from hpsearch.results.arms import Arm
from hpsearch.results.noise import Noise, noise_of, pooled


def arms(errors: np.ndarray) -> list[Arm]:
    return [
        Arm(
            tuple(
                made_up.trial(
                    10 * design + seed, made_up.config(seed=seed, dropout=0.1 * design), float(error)
                )
                for seed, error in enumerate(of_design)
            ),
            made_up.OBJECTIVE,
        )
        for design, of_design in enumerate(errors)
    ]


@pytest.mark.parametrize("shared", [0.0, 0.6])
def test_deviation_and_correlation_are_those_that_were_drawn(shared: float) -> None:
    rng, found, held = np.random.default_rng(1), [], 0
    for _ in range(60):
        seeds, own = rng.normal(size=6), rng.normal(size=(4, 6))
        errors = np.array([[7.0], [6.0], [8.0], [7.5]]) + 0.3 * (
            np.sqrt(shared) * seeds + np.sqrt(1 - shared) * own
        )
        one = noise_of(arms(errors))
        assert one is not None and one.shared is not None and one.df == 20
        found.append((one.deviation, one.shared))
        held += one.low < 0.3 < one.high
    deviation, correlation = np.mean(found, axis=0)
    assert deviation == pytest.approx(0.3, abs=0.03)
    assert correlation == pytest.approx(shared, abs=0.15)
    assert held / 60 > (0.85 if shared == 0 else 0.6)  # the runs of a seed are not independent


def test_single_runs_say_nothing() -> None:
    assert noise_of(arms(np.ones((3, 1)))) is None
    two = noise_of(arms(np.array([[5.0, 5.2]])))
    assert two is not None and two.shared is None and two.deviation == pytest.approx(0.2 / np.sqrt(2))


def test_studies_of_one_setting_are_pooled_by_what_each_knows() -> None:
    found = pooled([Noise.of(0.3, 0.5, 8), Noise.of(0.6, None, 2)])
    assert found.df == 10 and found.shared == 0.5
    assert found.deviation == pytest.approx(np.sqrt((8 * 0.09 + 2 * 0.36) / 10))
    low, high = found.deviation * np.sqrt(10 / stats.chi2.ppf([0.975, 0.025], 10))
    assert (found.low, found.high) == pytest.approx((low, high))
