"""Differences to the baseline with their intervals, beside a line at none and the shaded zone of equality."""

from __future__ import annotations

from collections.abc import Sequence

from hpsearch.report.charts.chart import Chart, Spec, sized
from hpsearch.report.charts.intervals import PX_PER_ROW, IntervalLine
from hpsearch.results.statistics import Interval
from hpsearch.results.titles import ALONE
from trainables.target.metric import Direction, Metric

LOOKS_PX = 220

WIDEST = 3.0
"""How many times as far as the narrowest interval an axis reaches: two seeds would dwarf all others."""


def differences_chart(name: str, lines: Sequence[IntervalLine], zone: float | None, metric: Metric) -> Chart:
    """Return a row for each of one or more helpers, in their order; `metric` is the objective."""
    title = f"All helpers beside {ALONE}"
    rows = [_row(line.mean) | {"line": str(place), "name": line.name} for place, line in enumerate(lines)]
    places = [str(place) for place in range(len(lines))]
    x = _axis([line.mean for line in lines], zone, _axis_title(metric))
    y: Spec = {"field": "line", "sort": None, "axis": None, "scale": {"domain": places}}
    paint: Spec = {"scale": {"domain": places, "range": [line.colour for line in lines]}, "legend": None}
    shared: Spec = {"y": y, "color": {"field": "line", **paint}, "tooltip": _tooltip("name", "helper")}
    names: Spec = {
        "mark": {"type": "text", "align": "left", "dy": -12, "fontSize": 11, "limit": {"expr": "width"}},
        "encoding": {"y": y, "x": {"value": 0}, "text": {"field": "name"}},
    }
    said = ", ".join(f"{line.name} {line.mean.mean:.2f}" for line in lines)
    layers = [*_zone("x", x, zone), *_whiskers("x", x, shared), names]
    return Chart(
        name=name,
        title=title,
        words=f"{title}, {_axis_title(metric)}: {said}.",
        spec=sized(PX_PER_ROW * len(lines) + 10, layers, data={"values": rows}),
    )


def looks_chart(
    name: str, line: IntervalLine, looks: Sequence[Interval], zone: float | None, metric: Metric
) -> Chart:
    """Return the repeated interval of one helper after each of its looks, one or more."""
    title = "The interval after each further seed"
    seeds = [look.n for look in looks]
    y = _axis(looks, zone, f"difference, {metric.unit.name}".rstrip(", "))
    x: Spec = {
        "field": "seeds",
        "type": "quantitative",
        "scale": {"domain": [seeds[0] - 0.5, seeds[-1] + 0.5], "nice": False, "zero": False},
        "axis": {"values": seeds, "format": "d", "title": "seeds of each", "grid": False},
    }
    shared: Spec = {"x": x, "color": {"value": line.colour}, "tooltip": _tooltip("seeds", "seeds")}
    return Chart(
        name=name,
        title=title,
        words=f"{title} of {line.name}, {_axis_title(metric)}: at last {looks[-1].mean:.2f}.",
        spec=sized(
            LOOKS_PX,
            [*_zone("y", y, zone), *_whiskers("y", y, shared)],
            data={"values": [_row(look) for look in looks]},
        ),
    )


def _row(found: Interval) -> Spec:
    low, high = (found.mean if end is None else end for end in (found.low, found.high))
    return {"mean": found.mean, "low": low, "high": high, "seeds": found.n}


def _tooltip(field: str, title: str) -> list[Spec]:
    ends = ({"field": key, "type": "quantitative", "format": "+.2f"} for key in ("mean", "low", "high"))
    return [{"field": field, "title": title}, *ends]


def _whiskers(axis: str, scale: Spec, shared: Spec) -> list[Spec]:
    """Return the intervals and their middles along an axis."""
    return [
        {
            "mark": {"type": "rule", "strokeWidth": 1.8, "clip": True},
            "encoding": shared | {axis: scale | {"field": "low"}, f"{axis}2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "clip": True},
            "encoding": shared | {axis: scale | {"field": "mean"}},
        },
    ]


def _zone(axis: str, scale: Spec, zone: float | None) -> list[Spec]:
    """Return the zone of equality, where there is one, and the line of no difference."""
    zero: Spec = {
        "data": {"values": [{"at": 0}]},
        "mark": {"type": "rule", "strokeDash": [3, 3], "color": "#8a9099"},
        "encoding": {axis: scale | {"field": "at"}},
    }
    if zone is None:
        return [zero]
    band: Spec = {
        "data": {"values": [{"from": -zone, "to": zone}]},
        "mark": {"type": "rect", "color": "#8a9099", "opacity": 0.18, "clip": True},
        "encoding": {axis: scale | {"field": "from"}, f"{axis}2": {"field": "to"}},
    }
    return [band, zero]


def _axis(found: Sequence[Interval], zone: float | None, title: str) -> Spec:
    ends = [end for one in found for end in (one.mean, one.low, one.high) if end is not None]
    edge = zone or 0.0
    room = max(WIDEST * min(abs(one.mean) + (one.half or 0.0) for one in found), edge)
    room = max(room, *(abs(one.mean) for one in found))
    low, high = min(max(min(ends), -room), -edge), max(min(max(ends), room), edge)
    pad = 0.06 * (high - low) or 0.5
    return {
        "type": "quantitative",
        "scale": {"domain": [low - pad, high + pad], "nice": False, "zero": False},
        "axis": {"title": title, "tickCount": 6},
    }


def _axis_title(metric: Metric) -> str:
    better = "smaller" if metric.direction is Direction.MINIMIZE else "larger"
    unit = f", {metric.unit.name}" if metric.unit.name else ""
    return f"helper − {ALONE}{unit} ({better} is better)"
