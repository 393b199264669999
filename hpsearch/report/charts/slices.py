"""Slices: the error of every trial over each searched value."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hpsearch.report.charts.chart import (
    Chart,
    Spec,
    in_lines,
    of_trials,
    when_hovered,
    when_selected,
)
from hpsearch.report.charts.dimensions import NONE_AT, Dimension
from hpsearch.report.charts.error_axis import at_the_rim, errors, rim_shape, rim_texts
from hpsearch.report.charts.marks import IS_COMPLETE, by_task, named
from hpsearch.report.charts.trials import ChartTrials

HEIGHT_PX = 190


def slice_charts(found: ChartTrials) -> Iterator[Chart]:
    """Yield a chart per searched value, all with one scale of errors."""
    span = found.span
    if span is None or len(found.errors) < 2:
        return
    measured = [{"filter": "isValid(datum.error)"}]
    for axis in found.dimensions:
        points: Spec = {
            "transform": [*measured, at_the_rim("error")],
            "mark": {"type": "point", "filled": True, "strokeWidth": 1.4},
            "encoding": {
                "x": across(axis),
                "y": errors("rim", span),
                "shape": rim_shape("error"),
                "fill": by_task(found),
                "stroke": by_task(found),
                "fillOpacity": {"condition": {"test": IS_COMPLETE, "value": 1}, "value": 0},
                "opacity": when_selected(0.9, 0.1),
                "size": when_hovered(130, 52),
                "tooltip": named(found.objective),
            },
        }
        yield Chart(
            name=f"slice-{axis.key}",
            title=axis.title,
            words=f"The {found.objective.noun} of each trial over {axis.title}; the table of trials has the "
            "same numbers.",
            spec=of_trials(HEIGHT_PX, [points, rim_texts("error", span, across(axis), measured)], span),
        )


def across(axis: Dimension) -> Spec:
    """Return the x axis of a searched value; a chart may have it on either side."""
    places, texts = [tick.at for tick in axis.ticks], [in_lines(tick.text, 9, " _-") for tick in axis.ticks]
    return {
        "field": axis.key,
        "type": "quantitative",
        "scale": {"domain": [NONE_AT - 0.06 if axis.has_none else -0.05, 1.05], "nice": False},
        "axis": {
            "values": places,
            "title": None,
            "grid": axis.continuous,
            "ticks": axis.continuous,
            "labelLimit": 0,
            "labelOverlap": False,
            "labelExpr": f"{json.dumps(texts)}[indexof({json.dumps(places)}, datum.value)]",
        },
    }
