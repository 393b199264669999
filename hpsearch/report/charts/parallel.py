"""Parallel coordinates: each trial as one line through all of its searched values to its error."""

from __future__ import annotations

import json

from hpsearch.report.charts.chart import Chart, Spec, in_lines, of_trials, when_hovered, when_selected
from hpsearch.report.charts.dimensions import NONE_AT, Dimension
from hpsearch.report.charts.error_axis import HIGH, LOGARITHMIC, LOW, STEP
from hpsearch.report.charts.marks import BY_STATE, by_task, named
from hpsearch.report.charts.trials import ChartTrials
from trainables.target.metric import Direction, Metric

PX_PER_AXIS = 104
HEIGHT_PX = 300
FEW = 80
"""With more trials than these, lines are fainter, so that where many lie shows."""
LINE_PX = 13
"""From one line of an axis's title to the next."""
ERROR = "error_at"
"""The field with a trial's position on the axis of errors, the last one."""
MOST_TICKS = 8

Y: Spec = {
    "field": "at",
    "type": "quantitative",
    "scale": {"domain": [NONE_AT - 0.06, 1.04], "nice": False},
    "axis": None,
}
"""Positions on all axes: from 0 to 1, and `NONE_AT` of trials that have no such value."""


def parallel_chart(found: ChartTrials) -> Chart | None:
    """Return the chart; None where fewer than two trials or no value can be compared."""
    span = found.span
    if span is None or len(found.trials) < 2 or not found.dimensions:
        return None
    keys = [*(axis.key for axis in found.dimensions), ERROR]
    x: Spec = {
        "field": "axis",
        "sort": None,
        "scale": {"domain": keys, "padding": 0.4},
        "axis": _titles(keys, [*(axis.title for axis in found.dimensions), _error_title(found.objective)]),
    }
    lines: Spec = {
        "transform": [
            {"calculate": f"isValid(datum.error) ? {_at('datum.error', found)} : {NONE_AT}", "as": ERROR},
            {"fold": keys, "as": ["axis", "at"]},
            {"calculate": f"indexof({json.dumps(keys)}, datum.axis)", "as": "place"},
        ],
        "mark": {"type": "line"},
        "encoding": {
            "x": x,
            "y": Y,
            "detail": {"field": "trial"},
            "order": {"field": "place", "type": "quantitative"},
            "color": by_task(found),
            "strokeDash": BY_STATE,
            "opacity": when_selected(0.75 if len(found.trials) <= FEW else 0.35, 0.06),
            "strokeWidth": when_hovered(3.4, 1.3),
            "tooltip": named(found.objective),
        },
    }
    rules: Spec = {
        "data": {"values": [{"axis": key} for key in keys]},
        "mark": {"type": "rule", "color": "#8a9099"},
        "encoding": {"x": x},
    }
    labels = (_texts(found.dimensions, x), _error_ticks(found, x), _beyond(found, x))
    return Chart(
        name="parallel",
        title="All trials, all values",
        words=f"Parallel coordinates of {len(found.trials)} trials: one line each, through "
        f"{', '.join(axis.title for axis in found.dimensions)} to the error; the table has the same.",
        spec=of_trials(HEIGHT_PX, [rules, lines, *labels], span),
        min_px=PX_PER_AXIS * len(keys),
    )


def _error_title(metric: Metric) -> str:
    return f"{metric.axis} (best on top)"


def _at(error: str, found: ChartTrials) -> str:
    """Return the expression of the position of an error, the best at 1; beyond the range, at its end."""
    scaled = [f"({LOGARITHMIC} ? log({value}) : {value})" for value in (error, LOW, HIGH)]
    share = f"clamp(({scaled[0]} - {scaled[1]}) / ({scaled[2]} - {scaled[1]}), 0, 1)"
    return f"1 - {share}" if found.objective.direction is Direction.MINIMIZE else share


def _texts(axes: tuple[Dimension, ...], x: Spec) -> Spec:
    """Return the labels of the axes of values."""
    values = [{"axis": axis.key, "at": tick.at, "text": tick.text} for axis in axes for tick in axis.ticks]
    return {"data": {"values": values}} | _label(x, "left")


def _label(x: Spec, align: str) -> Spec:
    aside = 5 if align == "left" else -5
    return {
        "mark": {"type": "text", "align": align, "dx": aside, "fontSize": 11},
        "encoding": {"x": x, "y": Y, "text": {"field": "text"}},
    }


def _error_ticks(found: ChartTrials, x: Spec) -> Spec:
    """Return round numbers along the axis of errors, whatever range it has."""
    return {
        "data": {"sequence": {"start": 0, "stop": MOST_TICKS, "as": "n"}},
        "transform": [
            {"calculate": f"'{ERROR}'", "as": "axis"},
            {"calculate": f"(ceil({LOW} / {STEP}) + datum.n) * {STEP}", "as": "error"},
            {"filter": f"datum.error <= {HIGH}"},
            {"calculate": _at("datum.error", found), "as": "at"},
            {"calculate": "format(datum.error, '~g')", "as": "text"},
        ],
    } | _label(x, "left")


def _beyond(found: ChartTrials, x: Spec) -> Spec:
    """Return what lies beyond the axis of errors: its one value, or how many and the furthest."""
    worst = found.objective.direction is Direction.MINIMIZE
    beyond = f"datum.error > {HIGH}" if worst else f"datum.error < {LOW}"
    many = "'▼ ' + (datum.count > 1 ? datum.count + ' to ' : '') + format(datum.furthest, '.3~g')"
    return {
        "transform": [
            {"filter": beyond},
            {
                "aggregate": [
                    {"op": "count", "as": "count"},
                    {"op": "max" if worst else "min", "field": "error", "as": "furthest"},
                ]
            },
            {"filter": "datum.count > 0"},
            {"calculate": f"'{ERROR}'", "as": "axis"},
            {"calculate": "0", "as": "at"},
            {"calculate": many, "as": "text"},
        ],
    } | _label(x, "right")


def _titles(keys: list[str], titles: list[str]) -> Spec:
    """Return the axis with the titles of the values, in several lines where they are long."""
    broken = [in_lines(title, 14) for title in titles]
    most = max(map(len, broken))
    broken = [[""] * (most - len(lines)) + lines for lines in broken]  # the last lines stand on one level
    return {
        "title": None,
        "orient": "top",
        "domain": False,
        "ticks": False,
        "grid": False,
        "labelAngle": 0,
        "labelLimit": 0,
        "labelOverlap": False,
        "labelPadding": 12 + LINE_PX * (most - 1),
        "labelFontWeight": 600,
        "labelExpr": f"{json.dumps(broken)}[indexof({json.dumps(keys)}, datum.value)]",
    }
