"""The error of every arm over what it costs, with the front of those that no other beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart, Spec, sized
from hpsearch.report.charts.marks import errors
from hpsearch.results.pareto import pareto_front
from trainables.target.metric import Metric

HEIGHT_PX = 220


@dataclass(frozen=True)
class ArmCost:
    """An arm with its error and one cost of it."""

    name: str
    colour: str
    cost: float
    error: float


def pareto_chart(name: str, title: str, x_title: str, arms: Sequence[ArmCost], metric: Metric) -> Chart:
    """Return a dot per arm, two or more, and a line through the front."""
    front = pareto_front([(arm.cost, metric.cost(arm.error)) for arm in arms])
    rows = [{"name": arm.name, "cost": arm.cost, "error": arm.error, "paint": arm.colour} for arm in arms]
    found = [arm.error for arm in arms]
    shared: Spec = {
        "x": {
            "field": "cost",
            "type": "quantitative",
            "scale": {"zero": False, "nice": True},
            "axis": {"title": x_title, "grid": False, "tickCount": 5},
        },
        "y": errors("error", min(found), max(found)),
    }
    line: Spec = {
        "data": {"values": [rows[place] for place in front]},
        "mark": {"type": "line", "interpolate": "step-after", "color": "#8a9099", "strokeWidth": 1.4},
        "encoding": shared,
    }
    dots: Spec = {
        "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0.9},
        "encoding": shared
        | {
            "color": {"field": "paint", "scale": None},
            "tooltip": [
                {"field": "name", "title": "arm"},
                {"field": "error", "type": "quantitative", "format": ".2f", "title": metric.axis},
                {"field": "cost", "type": "quantitative", "format": ".4~r", "title": x_title},
            ],
        },
    }
    best = ", ".join(arms[place].name for place in front)
    return Chart(
        name=name,
        title=title,
        words=f"{title}: {len(arms)} arms; on the Pareto front: {best}.",
        spec=sized(HEIGHT_PX, [line, dots], data={"values": rows}),
    )
