"""The axis of errors: first the bulk of them, so that one bad trial flattens nothing, and then any range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from hpsearch.report.charts.chart import Spec
from trainables.target.metric import Direction, Metric

LOG_FROM = 1.5
"""Ratio of the largest to the smallest error of the bulk from which the axis is logarithmic at first."""
FENCE = 3.0
"""Interquartile ranges beyond the quartile from which a value is far out [Tukey 1977]."""
ROOM = 0.05
"""Share of the range that is left free at both ends; what lies beyond is marked there."""
MOST_MARKED = 4
"""With more marks beyond the range, their values would cover each other."""

LOW, HIGH, LOGARITHMIC = "low", "high", "logarithmic"
"""Parameters of a chart with an axis of errors, which the page's script sets."""
BOTTOM, TOP, STEP = "bottom", "top", "tick_step"
"""Parameters that follow from these: the ends of the axis, and the round step between about five ticks."""

_SHARE = "(tick_rough / tick_power)"
_FOLLOWING = {
    BOTTOM: f"{LOGARITHMIC} ? {LOW} * pow({LOW} / {HIGH}, {ROOM}) : {LOW} - {ROOM} * ({HIGH} - {LOW})",
    TOP: f"{LOGARITHMIC} ? {HIGH} * pow({HIGH} / {LOW}, {ROOM}) : {HIGH} + {ROOM} * ({HIGH} - {LOW})",
    "tick_rough": f"({HIGH} - {LOW}) / 5",
    "tick_power": "pow(10, floor(log(tick_rough) / LN10))",
    STEP: f"({_SHARE} <= 1 ? 1 : {_SHARE} <= 2 ? 2 : {_SHARE} <= 5 ? 5 : 10) * tick_power",
}
DECADE = 10
"""Ratio of the ends from which Vega's own ticks of a logarithmic axis are enough."""
TICKS = (
    f"{LOGARITHMIC} && {HIGH} >= {DECADE} * {LOW} ? null "
    f": sequence(ceil({LOW} / {STEP}) * {STEP}, {TOP}, {STEP})"
)


@dataclass(frozen=True)
class ErrorSpan:
    """The errors from `low` to `high` that a chart shows at first, and all of them."""

    low: float
    high: float
    whole: tuple[float, float]

    @property
    def logarithmic(self) -> bool:
        """Whether the axis is logarithmic at first."""
        return self.whole[0] > 0 and self.high > LOG_FROM * self.low

    def params(self) -> list[Spec]:
        """Return the parameters of a chart that shows it."""
        values = {LOW: self.low, HIGH: self.high, LOGARITHMIC: self.logarithmic}
        set_ = [{"name": name, "value": value} for name, value in values.items()]
        return [*set_, *({"name": name, "expr": expression} for name, expression in _FOLLOWING.items())]

    def written(self) -> dict[str, Any]:
        """Return what the page's script may choose from."""
        return {"bulk": [self.low, self.high], "whole": list(self.whole), LOGARITHMIC: self.logarithmic}


def span_of(values: Iterable[float], metric: Metric, others: Iterable[float] = ()) -> ErrorSpan:
    """Return the span of one or more values: the bulk leaves out outliers on the worse side only.

    `others` widen the range on the better side, and the whole, but do not say what the bulk is.
    """
    found = sorted(values)
    everything = [*found, *others]
    whole = min(everything), max(everything)
    low, high = whole if metric.direction is Direction.MAXIMIZE else (whole[0], found[-1])
    if len(found) > 1:
        first, _, third = quantiles(found, n=4, method="inclusive")
        reach = FENCE * (third - first)
        if reach and metric.direction is Direction.MINIMIZE:
            high = max(value for value in found if value <= third + reach)
        elif reach:
            low = min(value for value in found if value >= first - reach)
    return ErrorSpan(*_apart(low, high), _apart(*whole))


def errors(field: str, span: ErrorSpan) -> Spec:
    """Return the y axis of errors."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {
            "type": "log" if span.logarithmic else "linear",
            "domain": [span.low, span.high],
            "domainMin": {"expr": BOTTOM},
            "domainMax": {"expr": TOP},
            "nice": False,
        },
        "axis": {"values": {"expr": TICKS}, "format": "~g", "title": None, "labelOverlap": "greedy"},
    }


def at_the_rim(field: str) -> Spec:
    """Return the transform to `rim`: the value, or the end of the axis that it lies beyond."""
    return {"calculate": f"clamp(datum.{field}, {BOTTOM}, {TOP})", "as": "rim"}


def rim_shape(field: str) -> Spec:
    """Return the shape of a mark: a triangle that points to where the value lies, beyond the axis."""
    over, under = f"datum.{field} > {TOP}", f"datum.{field} < {BOTTOM}"
    return {
        "condition": [{"test": over, "value": "triangle-up"}, {"test": under, "value": "triangle-down"}],
        "value": "circle",
    }


def rim_texts(field: str, span: ErrorSpan, x: Spec, transform: list[Spec]) -> Spec:
    """Return the layer with the values of what lies beyond the axis, where these are few."""
    beyond = f"datum.{field} > {TOP} || datum.{field} < {BOTTOM}"
    return {
        "transform": [
            *transform,
            {"filter": beyond},
            {"joinaggregate": [{"op": "count", "as": "beyond"}]},
            {"filter": f"datum.beyond <= {MOST_MARKED}"},
            at_the_rim(field),
            {"calculate": f"format(datum.{field}, '.3~g')", "as": "said"},
        ],
        "mark": {"type": "text", "align": "right", "dx": -8, "fontSize": 11},
        "encoding": {"x": x, "y": errors("rim", span), "text": {"field": "said"}},
    }


def _apart(low: float, high: float) -> tuple[float, float]:
    """Return both ends, with room between them where they are one."""
    room = 0.05 * abs(low) or 0.5
    return (low, high) if high > low else (low - room, high + room)
