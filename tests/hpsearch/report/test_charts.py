"""Axes of searched values, the round numbers on them, and the curves that a page has room for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from support import plausible

from hpsearch.report.charts.dimensions import NONE_AT, dimension
from hpsearch.report.charts.ticks import ticks, whole_ticks
from hpsearch.report.charts.trials import MOST_POINTS, chart_trials
from hpsearch.study.records import TrialState

LONG = (20_000, 20_001, 7)
"""Epochs of trials."""


@given(low=st.floats(0.01, 100), span=st.floats(0.01, 1000), log=st.booleans())
def test_ticks_lie_on_their_axis(low: float, span: float, log: bool) -> None:
    high = low + span
    assert all(low - 1e-3 * high <= tick <= high * (1 + 1e-3) for tick in ticks(low, high, log=log))


@given(low=st.integers(0, 5), span=st.integers(0, 400))
def test_whole_ticks_are_few_and_hold_both_ends(low: int, span: int) -> None:
    found = whole_ticks(low, low + span)
    assert (found[0], found[-1]) == (low, low + span)
    assert len(found) <= 8 and found == sorted(set(found))


def test_values_of_a_choice_get_a_place_each_and_numbers_are_in_order() -> None:
    axis = dimension("p0", "grid", {0: 3, 1: 2, 2: 3, 3: 2}, [0, 1, 2, 3, 4])
    assert [tick.text for tick in axis.ticks] == ["none", "2", "3"]
    assert all(axis.positions[n] < 0.5 for n in (1, 3)) and all(axis.positions[n] > 0.5 for n in (0, 2))
    assert len(set(axis.positions.values())) == 5, "no trial covers another"
    assert abs(axis.positions[4] - NONE_AT) < 0.05 and axis.texts[4] == "none"


def test_factors_over_two_decades_are_compared_by_their_ratio() -> None:
    values = {n: 0.1 * 10 ** (n / 2) for n in range(8)}
    factor = dimension("p0", "weight", values, list(values), factor=True)
    assert abs(factor.positions[1] - 1 / 7) < 1e-9 and not factor.has_none
    linear = dimension("p0", "weight", values, list(values))
    assert linear.positions[1] < 0.01


def test_long_curves_are_thinned_on_a_grid_that_all_share_and_keep_their_ends(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [TrialState.COMPLETE] * 3)
    first = study.trials[0]
    long = tuple(replace(first, number=n, epochs=first.epochs[:1] * length) for n, length in enumerate(LONG))
    found = chart_trials(replace(study, trials=long))
    assert found.curve_step == 3
    for record, length in zip(found.records(), LONG, strict=True):
        drawn = [min(1 + found.curve_step * point, length) for point in range(len(record["curve"]))]
        assert drawn[-1] == length == record["epochs"] and drawn == sorted(set(drawn))
    assert sum(len(record["curve"]) for record in found.records()) <= MOST_POINTS + len(LONG)
    assert chart_trials(study).curve_step == 1
