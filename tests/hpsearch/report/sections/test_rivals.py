"""All helpers beside the baseline: their simultaneous intervals are the verdict's, drawn with the zone."""

from __future__ import annotations

import random

import pytest
from support import made_up_arms as made_up

from hpsearch.report.sections.rivals import rivals_section
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import compare
from hpsearch.results.titles import names_of


def arms(helpers: int) -> tuple[Arm, ...]:
    rng, trials = random.Random(1), []  # noqa: S311
    for design in range(helpers + 1):
        for seed in range(4):
            config = made_up.config("rotation" if design else "none", seed, dropout=0.1 * design)
            trials.append(made_up.trial(len(trials), config, 6.0 - 0.5 * bool(design) + rng.gauss(0, 0.1)))
    return made_up.arms_of(made_up.study(trials))


def test_the_leaders_row_is_the_verdicts_interval_and_the_zone_is_drawn() -> None:
    found = compare(arms(4), equal_within=0.4)
    section = rivals_section(found, names_of(arms(4)))
    assert section is not None and found.difference is not None
    assert len(section.rows) == 4 and section.comparisons == 4 and not section.on_demand
    first = section.rows[0].difference
    assert (first.mean, first.low) == pytest.approx((found.difference.mean, found.difference.low))
    assert all("zone" in row.drawing and "zero" in row.drawing for row in section.rows)
    means = [row.difference.mean for row in section.rows]
    assert means == sorted(means)


def test_one_helper_is_in_the_verdict_already() -> None:
    assert rivals_section(compare(arms(1)), {}) is None
