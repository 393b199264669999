"""A chart of trials on its own, beside no page: with its data, a width, a title and a key to its colours."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hpsearch.report.charts.chart import TRIALS, Chart, Spec

WIDTH_PX = 620


def standing_alone(chart: Chart, records: list[dict[str, Any]]) -> Spec:
    """Return the specification of a chart that needs no page; `records` are the trials that it shows."""
    spec = deepcopy(chart.spec) | {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {"text": chart.title, "anchor": "start"},
        "width": max(WIDTH_PX, chart.min_px),
        "datasets": {TRIALS: records},
    }
    for layer in spec["layer"]:
        if colour := layer["encoding"].get("color"):
            colour["legend"] = {"title": None, "orient": "bottom"}  # the page has one key for all charts
    return spec


def svg_of(spec: Spec) -> str:
    """Return the drawing of a specification, without a browser."""
    import vl_convert

    drawing: str = vl_convert.vegalite_to_svg(spec)
    return drawing
