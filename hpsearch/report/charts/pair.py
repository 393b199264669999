"""Two searched values together: the mean error of the trials in each part of their plane."""

from __future__ import annotations

from collections.abc import Mapping

from hpsearch.report.charts.chart import Chart, Spec, of_trials, when_hovered, when_selected
from hpsearch.report.charts.dimensions import Dimension
from hpsearch.report.charts.error_axis import HIGH, LOW
from hpsearch.report.charts.marks import by_task, named
from hpsearch.report.charts.slices import across
from hpsearch.report.charts.trials import ChartTrials

HEIGHT_PX = 300
PARTS = 6
"""Of a continuous axis; the values of another have a place each."""
LEAST = 8
"""Trials that have both values."""


def pair_chart(found: ChartTrials, importances: Mapping[str, float]) -> Chart | None:
    """Return the chart of the two most important values of numbers; None where few trials have both."""
    axes = [axis for axis in found.dimensions if axis.of_numbers]
    axes.sort(key=lambda axis: (-importances.get(axis.title.partition(":")[0], 0.0), not axis.continuous))
    if len(axes) < 2 or found.span is None:
        return None
    across_, up = axes[:2]
    both = [n for n in found.errors if min(across_.positions[n], up.positions[n]) >= 0]
    if len(both) < LEAST:
        return None
    has_both = [{"filter": f"isValid(datum.error) && datum.{across_.key} >= 0 && datum.{up.key} >= 0"}]
    parts: Spec = {
        "transform": [
            *has_both,
            {"calculate": f"clamp(datum.error, {LOW}, {HIGH})", "as": "inside"},
            *(part for axis, name in ((across_, "x"), (up, "y")) for part in _parts(axis, name)),
            {
                "aggregate": [{"op": "mean", "field": "inside", "as": "mean"}],
                "groupby": ["x0", "x1", "y0", "y1"],
            },
        ],
        "mark": {"type": "rect", "opacity": 0.55},
        "encoding": {
            "x": _inside(across_) | {"field": "x0"},
            "x2": {"field": "x1"},
            "y": _inside(up) | {"field": "y0"},
            "y2": {"field": "y1"},
            "color": {
                "field": "mean",
                "type": "quantitative",
                "scale": {"scheme": "viridis", "reverse": True, "zero": False},
                "legend": {"title": f"mean {found.objective.noun}", "orient": "right", "format": "~g"},
            },
        },
    }
    points: Spec = {
        "transform": has_both,
        "mark": {"type": "point", "filled": True, "stroke": "#ffffff"},
        "encoding": {
            "x": _inside(across_),
            "y": _inside(up),
            "fill": by_task(found),
            "opacity": when_selected(1, 0.15),
            "size": when_hovered(150, 60),
            "tooltip": named(found.objective),
        },
    }
    return Chart(
        name="pair",
        title=f"{across_.title} and {up.title} together",
        words=f"The mean {found.objective.noun} of {len(both)} trials in parts of the plane of "
        f"{across_.title} and {up.title}.",
        spec=of_trials(HEIGHT_PX, [parts, points], found.span),
    )


def _inside(axis: Dimension) -> Spec:
    """Return the axis without the place of trials that have no such value."""
    found = across(axis)
    return found | {
        "scale": found["scale"] | {"domain": [-0.05, 1.05]},
        "axis": found["axis"] | {"title": axis.title},
    }


def _parts(axis: Dimension, name: str) -> list[Spec]:
    """Return the transforms to both ends of the part of an axis that a trial lies in."""
    count = PARTS if axis.continuous else sum(tick.at >= 0 for tick in axis.ticks)
    begin = f"floor(min(datum.{axis.key}, 0.9999) * {count}) / {count}"
    return [{"calculate": begin, "as": f"{name}0"}, {"calculate": f"{begin} + 1 / {count}", "as": f"{name}1"}]
