"""The error of every arm over what it costs, with the front of those that no other beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart, Spec, sized
from hpsearch.report.charts.error_axis import at_the_rim, errors, rim_shape, rim_texts, span_of
from hpsearch.results.pareto import pareto_front
from trainables.target.metric import Metric

HEIGHT_PX = 220
LEFT = 3
"""Times the room at the right."""


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
    span = span_of([arm.error for arm in arms], metric)
    x: Spec = {
        "field": "cost",
        "type": "quantitative",
        "scale": {"zero": False, "nice": False, "domain": _across([arm.cost for arm in arms])},
        "axis": {"title": x_title, "grid": False, "tickCount": 5},
    }
    line: Spec = {
        "data": {"values": [rows[place] for place in front]},
        "mark": {"type": "line", "interpolate": "step-after", "color": "#8a9099", "strokeWidth": 1.4}
        | {"clip": True},
        "encoding": {"x": x, "y": errors("error", span)},
    }
    dots: Spec = {
        "transform": [at_the_rim("error")],
        "mark": {"type": "point", "filled": True, "size": 60, "opacity": 0.9},
        "encoding": {
            "x": x,
            "y": errors("rim", span),
            "shape": rim_shape("error"),
            "color": {"field": "paint", "scale": None},
            "tooltip": [
                {"field": "name", "title": "design"},
                {"field": "error", "type": "quantitative", "format": ".2f", "title": metric.axis},
                {"field": "cost", "type": "quantitative", "format": ".4~r", "title": x_title},
            ],
        },
    }
    best = ", ".join(arms[place].name for place in front)
    return Chart(
        name=name,
        title=title,
        words=f"{title}: {len(arms)} designs; on the Pareto front: {best}.",
        spec=sized(HEIGHT_PX, [line, dots, rim_texts("error", span, x, [])], span, data={"values": rows}),
    )


def _across(costs: Sequence[float]) -> list[float]:
    """Return the ends of an axis, with room for a value to the left of the first mark."""
    low, high = min(costs), max(costs)
    room = 0.04 * (high - low) or 0.04 * abs(low) or 0.5
    return [low - LEFT * room, high + room]
