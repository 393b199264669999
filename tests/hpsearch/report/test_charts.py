"""Axes of searched values, the round numbers on them, and the curves that a page has room for."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import plausible

from hpsearch.report import charts
from hpsearch.report.charts.clock import clock_of
from hpsearch.report.charts.curves import curves_chart
from hpsearch.report.charts.dimensions import NONE_AT, dimension
from hpsearch.report.charts.error_axis import span_of
from hpsearch.report.charts.pair import pair_chart
from hpsearch.report.charts.parallel import parallel_chart
from hpsearch.report.charts.slices import slice_charts
from hpsearch.report.charts.standing_alone import standing_alone, svg_of
from hpsearch.report.charts.ticks import ticks, whole_ticks
from hpsearch.report.charts.timeline import progress_chart, timeline_chart
from hpsearch.report.charts.trials import MOST_POINTS, chart_trials
from hpsearch.report.style import OTHERS, TASKS, colour_of, paints
from hpsearch.study.records import StudyRecord, TrialState
from trainables.target.head_pose_metrics import MAE

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
    at = {tick.text: tick.at for tick in axis.ticks}
    assert all(axis.positions[n] == at["2"] for n in (1, 3)) and all(
        axis.positions[n] == at["3"] for n in (0, 2)
    )
    words = dimension("p0", "task", {0: "a", 1: "b", 2: "a", 3: "b"}, [0, 1, 2, 3])
    assert len(set(words.positions.values())) == 4, "beside a word no trial covers another"
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


DEGREES = MAE.within("validation")


@given(values=st.lists(st.floats(0.1, 100), min_size=1, max_size=40))
def test_the_bulk_of_errors_holds_the_best_and_most_of_them(values: list[float]) -> None:
    span = span_of(values, DEGREES)
    assert span.low < span.high <= span.whole[1] and span.low <= min(values)
    assert sum(span.low <= value <= span.high for value in values) >= 0.75 * len(values)


def with_a_bad_trial(folder: Path) -> tuple[StudyRecord, float]:
    """Return a study with one trial of three times the error of the others, and that error."""
    study = plausible.study(folder, [TrialState.COMPLETE] * 12)
    bad = study.trials[5]
    rows = tuple({name: 4 * value for name, value in row.items()} for row in bad.epochs)
    bad = replace(bad, epochs=rows, objective=rows[-1][DEGREES.name])
    trials = (*study.trials[:5], bad, *study.trials[6:])
    assert bad.objective is not None
    return replace(study, trials=trials), bad.objective


def test_one_bad_trial_flattens_no_chart_and_stands_at_the_rim_with_its_value(tmp_path: Path) -> None:
    study, error = with_a_bad_trial(tmp_path)
    found = chart_trials(study)
    shown = [curves_chart(found, 19.4), parallel_chart(found), *slice_charts(found)]
    assert found.span is not None and found.span.high < error / 2 < error <= found.span.whole[1] + 0.001
    for chart in shown:
        assert chart is not None
        drawing = svg_of(standing_alone(chart, found.records()))
        assert f"{error:.3g}" in drawing, chart.name
        assert chart.spec["usermeta"]["errors"]["bulk"][1] < error


def test_a_pretext_task_has_one_colour_and_each_of_its_lines_a_dash_of_its_own() -> None:
    tasks = ["puzzling", "rotation", "puzzling", "none", "puzzling"]
    drawn = list(paints(tasks))
    assert [paint.colour for paint in drawn] == [colour_of(task) for task in tasks]
    assert len(set(drawn)) == len(tasks)


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours [WCAG 2.2]."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted(map(luminance, (first, second)))
    return (light + 0.05) / (dark + 0.05)


def test_marks_and_words_can_be_seen_on_the_light_and_the_dark_page() -> None:
    css = (Path(charts.__file__).parents[1] / "templates" / "page.css").read_text()
    for rule in re.findall(r":root \{(.*?)\}", css, re.DOTALL):
        page = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", rule))
        page = {
            name: colour if len(colour) > 4 else "#" + "".join(2 * c for c in colour[1:])
            for name, colour in page.items()
        }
        for under in ("paper", "tint", "hover"):
            assert all(contrast(page[words], page[under]) >= 4.5 for words in ("ink", "soft", "accent"))
        assert (
            contrast(page["good"], page["good-tint"]) >= 4.5
            and contrast(page["bad"], page["bad-tint"]) >= 4.5
        )
        for colour in (*TASKS.values(), *OTHERS):
            assert contrast(colour, page["paper"]) >= 3


def test_trials_that_overlap_have_a_lane_each_and_a_lane_is_used_again(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [TrialState.COMPLETE] * 5)  # 40 s each, one every 25 s
    clock = clock_of(study.trials)
    assert clock.unit == "minutes" and clock.lanes == ("node-1 · 1", "node-1 · 2")
    for lane in clock.lanes:
        spans = sorted((clock.began[n], clock.ended[n]) for n in clock.lane if clock.lane[n] == lane)
        assert all(before[1] <= after[0] + 1e-3 for before, after in itertools.pairwise(spans))
    assert max(clock.ended.values()) == pytest.approx((4 * 25 + 40) / 60, abs=1e-3)


def test_the_best_so_far_only_becomes_better_and_ends_at_the_best(tmp_path: Path) -> None:
    found = chart_trials(plausible.study(tmp_path, [TrialState.COMPLETE] * 9 + [TrialState.PRUNED] * 4))
    chart = progress_chart(found)
    assert chart is not None
    steps = [step["error"] for step in chart.spec["layer"][0]["data"]["values"]]
    complete = [found.errors[n] for n in range(9)]
    assert steps == sorted(steps, reverse=True) and steps[-1] == min(complete) and steps[0] == complete[0]


def test_charts_over_time_and_of_two_values_are_drawn(tmp_path: Path) -> None:
    found = chart_trials(plausible.study(tmp_path, [TrialState.COMPLETE] * 20, seed=3))
    for chart in (
        progress_chart(found),
        timeline_chart(found),
        pair_chart(found, {"dropout": 0.6, "flag": 0.4}),
    ):
        assert chart is not None
        assert svg_of(standing_alone(chart, found.records())).startswith("<svg")
        if chart.name == "pair":
            assert chart.title == "dropout and flag: branch after stage together"
