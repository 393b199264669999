"""Lines over a number: a chart as plain values, and its specification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart, Spec, sized
from hpsearch.report.charts.marks import errors
from hpsearch.report.charts.ticks import whole_ticks
from trainables.target.metric import Metric

HEIGHT_PX = 190


@dataclass(frozen=True)
class ChartPoint:
    """A value at x; `half` is half the width of its 95 % interval, None where it has none."""

    x: float
    y: float
    half: float | None = None


@dataclass(frozen=True)
class Line:
    """Points in the order of x, with their name and colour."""

    name: str
    colour: str
    points: tuple[ChartPoint, ...]
    dashed: bool = False
    marked: bool = True
    """Whether each point has a dot."""


@dataclass(frozen=True)
class LineChart:
    """Lines that share their axes; y is a value of `metric`."""

    title: str
    x_label: str
    lines: tuple[Line, ...]
    metric: Metric
    whole_numbers: bool = False
    """Whether only whole numbers stand on the x axis."""


def line_chart(name: str, chart: LineChart) -> Chart:
    """Return the chart of lines that have one point or more."""
    rows = [
        {
            "line": str(place),  # two arms may have one name
            "name": line.name,
            "x": point.x,
            "y": point.y,
            "low": point.y - (point.half or 0.0),
            "high": point.y + (point.half or 0.0),
            "marked": line.marked,
        }
        for place, line in enumerate(chart.lines)
        for point in line.points
    ]
    places = [str(place) for place in range(len(chart.lines))]
    points = [point for line in chart.lines for point in line.points]
    halves = [point.half or 0.0 for point in points]
    lows = [point.y - half for point, half in zip(points, halves, strict=True)]
    highs = [point.y + half for point, half in zip(points, halves, strict=True)]
    y = errors("y", min(lows), max(highs))
    shared: Spec = {
        "x": _across([point.x for point in points], chart),
        "y": y,
        "color": _scale(places, [line.colour for line in chart.lines]),
        "tooltip": [
            {"field": "name", "title": "arm"},
            {"field": "x", "type": "quantitative", "title": chart.x_label},
            {"field": "y", "type": "quantitative", "title": chart.metric.axis, "format": ".2f"},
        ],
    }
    dashes = [[5, 3] if line.dashed else [1, 0] for line in chart.lines]
    drawn: Spec = {
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": shared | {"strokeDash": _scale(places, dashes)},
    }
    whiskers: Spec = {
        "transform": [{"filter": "datum.high > datum.low"}],
        "mark": {"type": "rule", "strokeWidth": 1.4},
        "encoding": shared | {"y": y | {"field": "low"}, "y2": {"field": "high"}},
    }
    dots: Spec = {
        "mark": {"type": "point", "filled": True},
        "encoding": shared | {"size": {"condition": {"test": "datum.marked", "value": 50}, "value": 8}},
    }
    return Chart(
        name=name,
        title=chart.title,
        words=f"{chart.title}: {', '.join(line.name for line in chart.lines)}, over {chart.x_label}.",
        spec=sized(HEIGHT_PX, [drawn, whiskers, dots], data={"values": rows}),
        keys=tuple((line.colour, line.name) for line in chart.lines),
    )


def _across(xs: Sequence[float], chart: LineChart) -> Spec:
    low, high = min(xs), max(xs)
    pad = 0.04 * (high - low) or 0.5
    axis: Spec = {"title": chart.x_label, "grid": False, "tickCount": 6}
    if chart.whole_numbers:
        axis |= {"values": whole_ticks(round(low), round(high), 6), "format": "d"}
    return {
        "field": "x",
        "type": "quantitative",
        "scale": {"domain": [low - pad, high + pad], "nice": False, "zero": False},
        "axis": axis,
    }


def _scale(places: Sequence[str], values: Sequence[object]) -> Spec:
    return {"field": "line", "scale": {"domain": list(places), "range": list(values)}, "legend": None}
