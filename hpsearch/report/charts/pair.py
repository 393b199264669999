"""Two searched values together: the error over their plane, as a contour where there are trials enough."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from hpsearch.report.charts.chart import Chart, Spec, of_trials, when_hovered, when_selected
from hpsearch.report.charts.contour import Region, regions, surface
from hpsearch.report.charts.dimensions import Dimension
from hpsearch.report.charts.error_axis import HIGH, LOW, ErrorSpan
from hpsearch.report.charts.marks import by_task, named
from hpsearch.report.charts.slices import across
from hpsearch.report.charts.ticks import ticks
from hpsearch.report.charts.trials import ChartTrials
from trainables.target.metric import Direction, Metric

HEIGHT_PX = 300
PARTS = 6
"""Of a continuous axis; the values of another have a place each."""
LEAST = 8
"""Trials that have both values."""
LEAST_OF_CONTOUR = 12
LEAST_PLACES = 3
"""Distinct places along each axis: between two there is nothing to interpolate."""
LEVELS = 7
VIRIDIS = ("#fde725", "#a0da39", "#4ac16d", "#1fa187", "#277f8e", "#365c8d", "#46327e", "#440154")
"""The best first."""


def pair_chart(found: ChartTrials, importances: Mapping[str, float]) -> Chart | None:
    """Return the chart of the two most important values of numbers; None where few trials have both."""
    axes = _axes(found, importances)
    if axes is None or found.span is None:
        return None
    both = _with_both(found, *axes)
    if len(both) < LEAST:
        return None
    contour = len(both) >= LEAST_OF_CONTOUR and all(_places(axis, both) >= LEAST_PLACES for axis in axes)
    field, note = (_contour if contour else _heat_map)(found, axes, both, found.span)
    points: Spec = {
        "transform": _both(*axes),
        "mark": {"type": "point", "filled": True, "stroke": "#ffffff"},
        "encoding": {
            "x": _inside(axes[0]),
            "y": _inside(axes[1]),
            "fill": by_task(found),
            "opacity": when_selected(1, 0.15),
            "size": when_hovered(150, 60),
            "tooltip": named(found.objective),
        },
    }
    across_, up = (axis.title for axis in axes)
    return Chart(
        name="pair",
        title=f"{across_} and {up} together",
        words=f"The {found.objective.noun} of {len(both)} trials over the plane of {across_} and {up}.",
        note=note,
        spec=of_trials(HEIGHT_PX, [*field, points], found.span)
        | {"resolve": {"scale": {"fill": "independent"}}},
    )


def why_no_pair(found: ChartTrials, importances: Mapping[str, float]) -> str:
    """Return why there is no such chart although two values of numbers are searched; empty otherwise."""
    axes = _axes(found, importances)
    if axes is None:
        return ""
    both = len(_with_both(found, *axes))
    if both >= LEAST:
        return ""
    return (
        f"For a picture of {axes[0].title} and {axes[1].title} together, {LEAST} trials that have both are "
        f"needed; there {'is' if both == 1 else 'are'} {both or 'none'} so far."
    )


def _axes(found: ChartTrials, importances: Mapping[str, float]) -> tuple[Dimension, Dimension] | None:
    axes = [axis for axis in found.dimensions if axis.of_numbers]
    axes.sort(key=lambda axis: (-importances.get(axis.title.partition(":")[0], 0.0), not axis.continuous))
    return None if len(axes) < 2 else (axes[0], axes[1])


def _with_both(found: ChartTrials, one: Dimension, other: Dimension) -> list[int]:
    return [number for number in found.errors if min(one.positions[number], other.positions[number]) >= 0]


def _places(axis: Dimension, numbers: Sequence[int]) -> int:
    return len({axis.positions[number] for number in numbers})


def _contour(
    found: ChartTrials, axes: tuple[Dimension, Dimension], numbers: Sequence[int], span: ErrorSpan
) -> tuple[list[Spec], str]:
    """Return the layer of a smooth surface with iso-lines, and how to read it."""
    places = np.array([[axis.positions[number] for axis in axes] for number in numbers])
    errors = np.array([found.errors[number] for number in numbers]).clip(span.low, span.high)
    grid = surface(places, errors)
    levels = [level for level in ticks(float(grid.min()), float(grid.max()), LEVELS) if level > grid.min()]
    layer: Spec = {
        "data": {"values": list(_drawn(regions(grid, levels)))},
        "transform": [
            {"calculate": "sequence(0, length(datum.x))", "as": "corner"},
            {"flatten": ["x", "y", "corner"]},
        ],
        "mark": {
            "type": "line",
            "filled": True,
            "interpolate": "linear-closed",
            "stroke": "#ffffff",
            "strokeWidth": 0.8,
        },
        "encoding": {
            "x": _inside(axes[0]) | {"field": "x"},
            "y": _inside(axes[1]) | {"field": "y"},
            "detail": {"field": "region"},
            "order": {"field": "corner"},
            "fill": _bands(found.objective, levels),
        },
    }
    return [layer], _how_to_read(found, numbers, span, levels)


def _drawn(found: Sequence[Region]) -> Iterator[dict[str, Any]]:
    for at, region in enumerate(found):
        x, y = zip(*region.corners, strict=True)
        yield {"region": at, "band": region.band, "x": x, "y": y}


def _how_to_read(found: ChartTrials, numbers: Sequence[int], span: ErrorSpan, levels: Sequence[float]) -> str:
    said = "The surface is the mean of the trials nearby, by Gaussian weights as wide as Scott's rule says"
    if len(levels) > 1:
        said += f", with a line every {levels[1] - levels[0]:.3g}{found.objective.unit.sign}"
    beyond = sum(not span.low <= found.errors[number] <= span.high for number in numbers)
    if beyond:
        of = (
            "One value beyond the axis counts as its end"
            if beyond == 1
            else f"{beyond} values beyond count as its end"
        )
        said += f". {of}"
    return f"{said}. Where no dot is near, it is a guess."


def _bands(objective: Metric, levels: Sequence[float]) -> Spec:
    """Return the colours between levels, each with its range in the legend."""
    ends = [f"{level:g}" for level in levels]
    middle = [f"{low} to {high}" for low, high in pairwise(ends)]
    texts = [f"below {ends[0]}", *middle, f"above {ends[-1]}"] if ends else ["all"]
    share = [at / max(len(texts) - 1, 1) for at in range(len(texts))]
    best_first = [VIRIDIS[round(part * (len(VIRIDIS) - 1))] for part in share]
    return {
        "field": "band",
        "type": "ordinal",
        "scale": {
            "domain": list(range(len(texts))),
            "range": best_first if objective.direction is Direction.MINIMIZE else best_first[::-1],
        },
        "legend": {
            "title": f"mean {objective.noun}",
            "symbolType": "square",
            "symbolStrokeWidth": 0,
            "labelExpr": f"{json.dumps(texts)}[datum.value]",
        },
    }


def _heat_map(
    found: ChartTrials, axes: tuple[Dimension, Dimension], numbers: Sequence[int], span: ErrorSpan
) -> tuple[list[Spec], str]:
    """Return the layer of parts of the plane in the colour of their mean, and how to read it."""
    reverse = found.objective.direction is Direction.MINIMIZE
    parts: Spec = {
        "transform": [
            *_both(*axes),
            {"calculate": f"clamp(datum.error, {LOW}, {HIGH})", "as": "inside"},
            *(part for axis, name in zip(axes, "xy", strict=True) for part in _parts(axis, name)),
            {
                "aggregate": [{"op": "mean", "field": "inside", "as": "mean"}],
                "groupby": ["x0", "x1", "y0", "y1"],
            },
        ],
        "mark": {"type": "rect", "opacity": 0.55},
        "encoding": {
            "x": _inside(axes[0]) | {"field": "x0"},
            "x2": {"field": "x1"},
            "y": _inside(axes[1]) | {"field": "y0"},
            "y2": {"field": "y1"},
            "color": {
                "field": "mean",
                "type": "quantitative",
                "scale": {"scheme": "viridis", "reverse": reverse, "zero": False},
                "legend": {"title": f"mean {found.objective.noun}", "orient": "right", "format": "~g"},
            },
        },
    }
    few = f"a contour needs {LEAST_OF_CONTOUR} trials and {LEAST_PLACES} values along each axis"
    return [parts], f"Each part has the mean of the trials in it; {few}."


def _both(one: Dimension, other: Dimension) -> list[Spec]:
    return [{"filter": f"isValid(datum.error) && datum.{one.key} >= 0 && datum.{other.key} >= 0"}]


def _inside(axis: Dimension) -> Spec:
    """Return the axis without the place of trials that have no such value."""
    found = across(axis)
    return found | {
        "scale": found["scale"] | {"domain": [-0.02, 1.02]},
        "axis": found["axis"] | {"title": axis.title, "grid": False},
    }


def _parts(axis: Dimension, name: str) -> list[Spec]:
    """Return the transforms to both ends of the part of an axis that a trial lies in."""
    count = PARTS if axis.continuous else sum(tick.at >= 0 for tick in axis.ticks)
    begin = f"floor(min(datum.{axis.key}, 0.9999) * {count}) / {count}"
    return [{"calculate": begin, "as": f"{name}0"}, {"calculate": f"{begin} + 1 / {count}", "as": f"{name}1"}]
