"""Parallel coordinates: each trial as one line through all of its searched values to its error."""

from __future__ import annotations

import json

from hpsearch.report.charts.chart import (
    Chart,
    Spec,
    brush,
    in_lines,
    of_trials,
    when_hovered,
    when_selected,
)
from hpsearch.report.charts.dimensions import NONE_AT, Dimension
from hpsearch.report.charts.marks import BY_STATE, by_task, named
from hpsearch.report.charts.trials import ChartTrials

PX_PER_AXIS = 104
HEIGHT_PX = 300
FEW = 80
"""With more trials than these, lines are fainter, so that where many lie shows."""
LINE_PX = 13
"""From one line of an axis's title to the next."""


def parallel_chart(found: ChartTrials) -> Chart | None:
    """Return the chart; None where fewer than two trials or no value can be compared."""
    if found.error is None or len(found.trials) < 2 or not found.dimensions:
        return None
    axes = (*found.dimensions, found.error)
    keys = [axis.key for axis in axes]
    x: Spec = {
        "field": "axis",
        "sort": None,
        "scale": {"domain": keys, "padding": 0.4},
        "axis": _titles(axes),
    }
    y: Spec = {
        "field": "at",
        "type": "quantitative",
        "scale": {"domain": [NONE_AT - 0.06, 1.04], "nice": False},
        "axis": None,
    }
    lines: Spec = {
        "transform": [
            {"fold": keys, "as": ["axis", "at"]},
            {"calculate": f"indexof({json.dumps(keys)}, datum.axis)", "as": "place"},
        ],
        "mark": {"type": "line", "interpolate": "monotone"},
        "params": brush(),
        "encoding": {
            "x": x,
            "y": y,
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
    values = [{"axis": axis.key, "at": tick.at, "text": tick.text} for axis in axes for tick in axis.ticks]
    texts: Spec = {
        "data": {"values": values},
        "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 11},
        "encoding": {"x": x, "y": y, "text": {"field": "text"}},
    }
    return Chart(
        name="parallel",
        title="All trials, all values",
        words=f"Parallel coordinates of {len(found.trials)} trials: one line each, through "
        f"{', '.join(axis.title for axis in found.dimensions)} to the error; the table has the same.",
        spec=of_trials(HEIGHT_PX, [rules, lines, texts]),
        min_px=PX_PER_AXIS * len(axes),
    )


def _titles(axes: tuple[Dimension, ...]) -> Spec:
    """Return the axis with the titles of the values, in several lines where they are long."""
    keys, titles = [axis.key for axis in axes], [in_lines(axis.title, 14) for axis in axes]
    most = max(map(len, titles))
    titles = [[""] * (most - len(lines)) + lines for lines in titles]  # the last lines stand on one level
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
        "labelExpr": f"{json.dumps(titles)}[indexof({json.dumps(keys)}, datum.value)]",
    }
