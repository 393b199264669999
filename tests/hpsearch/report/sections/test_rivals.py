"""All helpers beside the baseline: their simultaneous intervals are the verdict's, drawn with the zone."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from support import made_up_arms as made_up

from hpsearch.report.sections.rivals import rivals_section
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import compare
from hpsearch.results.titles import names_of

TASKS = ("none", "rotation")


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
    [chart] = section.charts
    band, zero = chart.spec["layer"][:2]
    assert band["data"]["values"] == [{"from": -0.4, "to": 0.4}] and zero["data"]["values"] == [{"at": 0}]
    drawn = chart.spec["data"]["values"]
    assert [row["low"] for row in drawn] == [row.difference.low for row in section.rows]
    low, high = band["encoding"]["x"]["scale"]["domain"]
    assert low < drawn[0]["low"] and high > 0.4
    means = [row.difference.mean for row in section.rows]
    assert means == sorted(means)


def test_one_helper_is_drawn_too_and_none_is_not() -> None:
    section = rivals_section(compare(arms(1)), {})
    assert section is not None and len(section.rows) == len(section.charts) == 1
    assert rivals_section(compare(arms(0)), {}) is None


def test_seeds_on_demand_are_drawn_look_by_look() -> None:
    rng = random.Random(2)  # noqa: S311
    trials = [made_up.trial(n, made_up.config(task), 5.0) for n, task in enumerate(TASKS)]
    for seed in range(5):
        for number, task in enumerate(TASKS):
            config = made_up.config(task, 1000 + seed)
            one = made_up.trial(len(trials), config, 5.0 + rng.gauss(0, 0.3), confirms=number)
            trials.append(replace(one, confirm_plan=(3, 12)))
    found = compare(made_up.arms_of(made_up.study(trials)), equal_within=0.2)
    section = rivals_section(found, {})
    assert section is not None and section.on_demand and found.progress is not None
    differences, looks = section.charts
    drawn = looks.spec["data"]["values"]
    assert [row["seeds"] for row in drawn] == [3, 4, 5]
    assert drawn[-1]["mean"] == differences.spec["data"]["values"][0]["mean"]
    halves = [look.half for look in found.progress.looks]
    assert halves[0] is not None and halves[-1] is not None and halves[-1] < halves[0]
