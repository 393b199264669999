"""Means with their 95 % intervals, one row per arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart, Spec, sized
from hpsearch.results.statistics import Interval
from trainables.target.metric import Metric

PX_PER_ROW = 38


@dataclass(frozen=True)
class IntervalLine:
    """An arm's mean with its name and colour."""

    name: str
    colour: str
    mean: Interval


def interval_chart(name: str, title: str, lines: Sequence[IntervalLine], metric: Metric) -> Chart:
    """Return a dot and a whisker for each of one or more arms, in their order from the top."""
    rows = [
        {
            "line": str(place),
            "name": line.name,
            "mean": line.mean.mean,
            "low": line.mean.mean if line.mean.low is None else line.mean.low,
            "high": line.mean.mean if line.mean.high is None else line.mean.high,
            "runs": line.mean.n,
        }
        for place, line in enumerate(lines)
    ]
    places = [str(place) for place in range(len(lines))]
    shared: Spec = {
        "y": {"field": "line", "sort": None, "axis": None, "scale": {"domain": places}},
        "color": {
            "field": "line",
            "scale": {"domain": places, "range": [line.colour for line in lines]},
            "legend": None,
        },
        "tooltip": [
            {"field": "name", "title": "design"},
            *({"field": key, "type": "quantitative", "format": ".2f"} for key in ("mean", "low", "high")),
            {"field": "runs", "type": "quantitative"},
        ],
    }
    x: Spec = {
        "type": "quantitative",
        "scale": {"zero": False, "nice": True},
        "axis": {"title": metric.axis, "tickCount": 5},
    }
    whiskers: Spec = {
        "mark": {"type": "rule", "strokeWidth": 1.6},
        "encoding": shared | {"x": x | {"field": "low"}, "x2": {"field": "high"}},
    }
    dots: Spec = {
        "mark": {"type": "point", "filled": True, "size": 70},
        "encoding": shared | {"x": x | {"field": "mean"}},
    }
    names: Spec = {
        "mark": {"type": "text", "align": "left", "dy": -12, "fontSize": 11, "limit": {"expr": "width"}},
        "encoding": {"y": shared["y"], "x": {"value": 0}, "text": {"field": "name"}},
    }
    return Chart(
        name=name,
        title=title,
        words=f"{title}: " + ", ".join(f"{line.name} {line.mean.mean:.2f}" for line in lines),
        spec=sized(PX_PER_ROW * len(lines) + 10, [whiskers, dots, names], data={"values": rows}),
    )
