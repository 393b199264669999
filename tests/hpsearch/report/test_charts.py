"""Axes of searched values, the round numbers on them, and the curves that a page has room for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import plausible

from hpsearch.report import charts
from hpsearch.report.charts.clock import clock_of
from hpsearch.report.charts.contour import SIZE, regions, surface
from hpsearch.report.charts.curves import curves_chart
from hpsearch.report.charts.dimensions import NONE_AT, dimension
from hpsearch.report.charts.error_axis import span_of
from hpsearch.report.charts.pair import pair_chart, why_no_pair
from hpsearch.report.charts.parallel import parallel_chart
from hpsearch.report.charts.slices import slice_charts
from hpsearch.report.charts.standing_alone import standing_alone, svg_of
from hpsearch.report.charts.ticks import ticks, whole_ticks
from hpsearch.report.charts.timeline import progress_chart, timeline_chart
from hpsearch.report.charts.trials import MOST_POINTS, chart_trials
from hpsearch.report.style import OTHERS, TASKS, colour_of, paints
from hpsearch.study.records import Stint, StudyRecord, TrialState
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
        bars = [bar for found in clock.bars.values() for bar in found if bar.lane == lane]
        spans = sorted((bar.began, bar.ended) for bar in bars)
        assert all(before[1] <= after[0] + 1e-3 for before, after in itertools.pairwise(spans))
    assert clock.ended(4) == pytest.approx((4 * 25 + 40) / 60, abs=1e-3)
    assert clock.unknown == frozenset(range(5)) and not any(list(clock.waits(n)) for n in range(5))


def test_a_frozen_trial_leaves_its_worker_to_others_and_goes_on_where_one_is_free(tmp_path: Path) -> None:
    first, second, *_ = plausible.study(tmp_path, [TrialState.COMPLETE] * 2, epochs=10).trials
    at_s = first.started_s
    thawed = replace(
        first,
        stints=(Stint(at_s + 6, 0, "a", at_s + 30), Stint(at_s + 66, 4, "b")),
        ended_s=at_s + 90,
    )
    other = replace(second, stints=(Stint(at_s + 30, 0, "a"),), started_s=at_s + 30, ended_s=at_s + 60)
    clock = clock_of((thawed, other))
    bars = {
        number: [(bar.lane, bar.began, bar.ended) for bar in found] for number, found in clock.bars.items()
    }
    assert bars == {0: [("a · 1", 0.1, 0.5), ("b · 1", 1.1, 1.5)], 1: [("a · 1", 0.5, 1.0)]}
    assert [(one.ended, two.began) for one, two in clock.waits(0)] == [(0.0, 0.1), (0.5, 1.1)]
    assert not list(clock.waits(1)) and not clock.unknown


def test_workers_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    trials = plausible.study(tmp_path, [TrialState.COMPLETE] * 3).trials
    hosts = ("node-10", "node-2", "9")
    on = [replace(t, stints=(Stint(t.started_s, 0, host),)) for t, host in zip(trials, hosts, strict=True)]
    assert clock_of(on).lanes == ("9 · 1", "node-2 · 1", "node-10 · 1")


def test_a_trial_that_was_cut_off_with_its_launch_did_not_train_all_night(tmp_path: Path) -> None:
    [trial] = plausible.study(tmp_path, [TrialState.COMPLETE], epochs=10).trials
    rows = tuple({**row, "speed/epoch_s": 4.0} for row in trial.epochs)
    at_s, night_s = trial.started_s, 30_000.0
    stints = Stint(at_s, 0, "a"), Stint(at_s + night_s, 3, "a")
    clock = clock_of([replace(trial, epochs=rows, stints=stints, ended_s=at_s + night_s + 28)])
    assert clock.unit == "hours"
    assert [bar.ended for bar in clock.bars[0]] == pytest.approx([12 / 3600, 30_028 / 3600], abs=1e-3)


def test_what_was_frozen_is_drawn_with_its_turns_and_an_older_study_says_what_is_not_known(
    tmp_path: Path,
) -> None:
    study = plausible.study(tmp_path, [TrialState.COMPLETE] * 4)
    old = timeline_chart(chart_trials(study))
    assert old is not None and "did not keep" in old.note
    trials = [
        replace(
            trial,
            stints=(
                Stint(trial.started_s + 2, 0, "a", trial.started_s + 9),
                Stint(trial.started_s + 12, 3, "b"),
            ),
        )
        for trial in study.trials
    ]
    found = chart_trials(replace(study, trials=tuple(trials)))
    chart = timeline_chart(found)
    assert chart is not None and "diamond" in chart.note
    drawn = svg_of(standing_alone(chart, found.records()))
    assert drawn.count('aria-roledescription="bar"') == 8
    assert drawn.count('aria-roledescription="point"') == 8, "a freeze and a thaw each"


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


def inside(corners: Sequence[tuple[float, float]], x: float, y: float) -> bool:
    """Say whether a point lies in a polygon: a ray from it crosses the border an odd number of times."""
    crossed = 0
    for (a, b), (c, d) in zip(corners, (*corners[1:], corners[0]), strict=True):
        crossed += (b > y) != (d > y) and x < (c - a) * (y - b) / (d - b) + a
    return crossed % 2 == 1


@pytest.mark.parametrize("seed", range(4))
def test_each_point_is_painted_in_the_band_of_the_surface_there(seed: int) -> None:
    draw = np.random.default_rng(seed)
    places, values = draw.random((30, 2)), draw.normal(size=30)
    grid, last = surface(places, values), SIZE - 1
    levels = list(np.linspace(grid.min(), grid.max(), 9)[1:-1])
    painted = regions(grid, levels)
    assert len(painted) > len(levels), "hills and hollows have loops of their own"
    for x, y in draw.random((300, 2)):
        band = [region.band for region in painted if inside(region.corners, x, y)][-1]
        row, column = int(y * last), int(x * last)
        corners = grid[row : row + 2, column : column + 2].ravel()
        around = [sum(corner >= level for level in levels) for corner in corners]
        assert min(around) <= band <= max(around)


def test_a_surface_keeps_a_plain_slope_and_one_value_is_flat() -> None:
    x, y = np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, 1, 30))
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    slope = surface(places, 3 * places[:, 0])
    middle = slope[SIZE // 4 : -SIZE // 4, SIZE // 4 : -SIZE // 4]
    assert np.allclose(middle, 3 * np.linspace(0, 1, SIZE)[SIZE // 4 : -SIZE // 4], atol=0.05)
    assert np.ptp(surface(places[:, ::-1], np.full(900, 7.0))) < 1e-9
    [only] = regions(np.full((5, 5), 2.0), [])
    assert only.band == 0 and len(only.corners) == 4


def test_two_values_have_a_contour_a_heat_map_or_a_sentence(tmp_path: Path) -> None:
    states = [TrialState.COMPLETE] * 30
    study = plausible.study(tmp_path, states, seed=3)
    found = chart_trials(study)
    both = [trial for trial in study.trials if trial.params["pretext"] != "none"]
    drawn = pair_chart(found, {"dropout": 0.6, "ssl_weight": 0.4})
    assert drawn is not None and "surface" in drawn.note
    for count, words in ((11, "a contour needs 12 trials"), (5, "there are 5 so far")):
        few = chart_trials(replace(study, trials=tuple(both[:count])))
        chart = pair_chart(few, {"dropout": 0.6, "ssl_weight": 0.4})
        said = why_no_pair(few, {"dropout": 0.6, "ssl_weight": 0.4})
        assert words in (said if chart is None else chart.note)
        assert (chart is None) == bool(said)
