"""Lines over a number: a chart as plain values, and its specification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart, Key, Spec, sized
from hpsearch.report.charts.error_axis import ErrorSpan, at_the_rim, errors, rim_shape, rim_texts, span_of
from hpsearch.report.charts.ticks import whole_ticks
from hpsearch.report.style import Paint
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
    """Points in the order of x, with their name and how they are drawn."""

    name: str
    paint: Paint
    points: tuple[ChartPoint, ...]
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
    x, span = _across([point.x for line in chart.lines for point in line.points], chart), _span(chart)
    y = errors("y", span)
    shared: Spec = {
        "x": x,
        "color": _scale(places, [line.paint.colour for line in chart.lines]),
        "tooltip": [
            {"field": "name", "title": "design"},
            {"field": "x", "type": "quantitative", "title": chart.x_label},
            {"field": "y", "type": "quantitative", "title": chart.metric.axis, "format": ".2f"},
        ],
    }
    drawn: Spec = {
        "mark": {"type": "line", "strokeWidth": 2, "clip": True},
        "encoding": shared
        | {"y": y, "strokeDash": _scale(places, [list(p.paint.dash) for p in chart.lines])},
    }
    whiskers: Spec = {
        "transform": [{"filter": "datum.high > datum.low"}],
        "mark": {"type": "rule", "strokeWidth": 1.4, "clip": True},
        "encoding": shared | {"y": y | {"field": "low"}, "y2": {"field": "high"}},
    }
    dots: Spec = {
        "transform": [at_the_rim("y")],
        "mark": {"type": "point", "filled": True},
        "encoding": shared
        | {
            "y": errors("rim", span),
            "shape": rim_shape("y"),
            "size": {"condition": {"test": "datum.marked", "value": 50}, "value": 8},
        },
    }
    beyond = rim_texts("y", span, x, [{"filter": "datum.marked"}])
    return Chart(
        name=name,
        title=chart.title,
        words=f"{chart.title}: {', '.join(line.name for line in chart.lines)}, over {chart.x_label}.",
        spec=sized(HEIGHT_PX, [drawn, whiskers, dots, beyond], span, data={"values": rows}),
        keys=tuple(Key(line.paint.colour, line.name, line.paint.dash) for line in chart.lines),
    )


def _span(chart: LineChart) -> ErrorSpan:
    """Return the range: the bulk by each dot where lines have dots, else by the worst value of each line."""
    cost = chart.metric.cost
    ends = [
        point.y + sign * (point.half or 0.0)
        for line in chart.lines
        for point in (line.points if line.marked else [max(line.points, key=lambda one: cost(one.y))])
        for sign in (-1, 1)
    ]
    best = [min((point.y for point in line.points), key=cost) for line in chart.lines]
    return span_of(ends, chart.metric, others=best)


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
