"""What a verdict is said to find, against studies that the verdict's own rules judge one by one."""

from __future__ import annotations

import numpy as np
import pytest
from support.noise import NOISE_DEG, Design, drawn, signs
from support.on_demand import Truth, outcomes

from hpsearch.results.power import Intended, Looks, needed, visible
from hpsearch.results.repeated import Plan


@pytest.mark.parametrize("shared", [0.0, 0.5])
@pytest.mark.parametrize("design", [Design(12, 3, 3), Design(4, 3, 5), Design(2, 8, 8)], ids=str)
def test_the_visible_difference_is_found_in_four_studies_of_five(design: Design, shared: float) -> None:
    """Four standard errors of the two simulations are 4.4 %."""
    found = visible(Intended(design.arms - 1, design.seeds, design.seeds, design.baseline_seeds), shared)
    rng = np.random.default_rng(5)
    errors = drawn(design, "equal", shared, 1500, rng, better_deg=NOISE_DEG * found)
    assert np.mean(signs(design, errors) < 0) == pytest.approx(0.8, abs=0.044)


def test_seeds_on_demand_end_as_the_verdicts_looks_do() -> None:
    zone_deg, plans = 0.5, [Plan(3, 12)] * 12
    looks = Looks(Intended(1, 3, 12, 12, zone_deg / NOISE_DEG), 0.3)
    for better_deg in (0.0, 0.4):
        shares, seeds = outcomes(Truth(better_deg, 0.3), plans, 800, zone_deg)
        found = looks.outcome(better_deg / NOISE_DEG)
        assert found.better == pytest.approx(shares["better"], abs=0.06)
        assert found.equal == pytest.approx(shares["equal"], abs=0.06)
        assert found.seeds == pytest.approx(seeds, abs=0.4)
    assert looks.outcome(visible(looks.intended, 0.3)).better == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("intended", [Intended(1, 2, 2, 2), Intended(3, 2, 2, 2), Intended(1, 3, 4, 4)])
def test_no_fewer_seeds_would_find_it(intended: Intended) -> None:
    found = needed(2.0, intended, 0.0)
    assert found is not None and found.on_demand is intended.on_demand
    assert visible(found, 0.0) <= 2.0 * 1.02 < 1.04 * visible(found.with_most(found.most - 1), 0.0)
    assert needed(0.1, intended, 0.0) is None
    sooner = needed(2.0, intended, 0.6)
    assert sooner is not None and sooner.most <= found.most


def test_runs_are_those_that_a_confirmation_trains() -> None:
    assert Intended(1, 3, 12, 12).runs == 24
    assert Intended(4, 3, 3, 6).with_most(5) == Intended(4, 5, 5, 10)
    assert Intended(4, 3, 3, 6).runs == 18
