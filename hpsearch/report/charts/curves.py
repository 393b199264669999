"""Learning curves: the objective of every trial after each of its epochs."""

from __future__ import annotations

from hpsearch.report.charts.chart import Chart, Spec, of_trials, when_hovered, when_selected
from hpsearch.report.charts.error_axis import (
    BOTTOM,
    TOP,
    ErrorSpan,
    at_the_rim,
    errors,
    rim_shape,
    rim_texts,
    span_of,
)
from hpsearch.report.charts.marks import BY_STATE, by_task, named
from hpsearch.report.charts.ticks import whole_ticks
from hpsearch.report.charts.trials import ChartTrials, curve_of
from hpsearch.results.titles import guessing

HEIGHT_PX = 320


def curves_chart(found: ChartTrials, training_mean: float) -> Chart | None:
    """Return the chart; None where no epoch was trained."""
    curves = [curve for trial in found.trials if (curve := curve_of(trial, found.objective.name))]
    if not curves:
        return None
    cost, most = found.objective.cost, max(map(len, curves))
    worst, best = ([end(curve, key=cost) for curve in curves] for end in (max, min))
    span = span_of(worst, found.objective, others=best)
    x = epochs("epoch", most)
    shared: Spec = {
        "x": x,
        "detail": {"field": "trial"},
        "color": by_task(found),
        "opacity": when_selected(0.8, 0.06),
        "tooltip": [
            *named(found.objective),
            {"field": "epoch", "type": "quantitative", "title": "here: epoch"},
            {
                "field": "value",
                "type": "quantitative",
                "title": f"here: {found.objective.noun}",
                "format": ".2f",
            },
        ],
    }
    unfolded: list[Spec] = [
        {"calculate": "sequence(0, length(datum.curve))", "as": "point"},
        {"flatten": ["curve", "point"], "as": ["value", "point"]},
        {"calculate": f"min(1 + {found.curve_step} * datum.point, datum.epochs)", "as": "epoch"},
    ]
    y = errors("value", span)
    lines: Spec = {
        "transform": unfolded,
        "mark": {"type": "line", "clip": True},
        "encoding": shared | {"y": y, "strokeDash": BY_STATE, "strokeWidth": when_hovered(3.2, 1.2)},
    }
    last: list[Spec] = [*unfolded, {"filter": "datum.epoch === datum.epochs"}]
    ends: Spec = {
        "transform": [*last, at_the_rim("value")],
        "mark": {"type": "point", "filled": True, "size": 34},
        "encoding": shared | {"y": errors("rim", span), "shape": rim_shape("value")},
    }
    layers = [
        *_training_mean(training_mean, guessing(found.trials[0].config.target), span),
        lines,
        ends,
        rim_texts("value", span, x, last),
    ]
    return Chart(
        name="curves",
        title="Learning curves",
        words=f"The {found.objective.noun} of {len(found.trials)} trials after each of at most {most} "
        "epochs, one line each.",
        spec=_with_step(of_trials(HEIGHT_PX, layers, span), found.curve_step),
    )


def _with_step(spec: Spec, epochs: int) -> Spec:
    """Return the chart with how many epochs lie between two points of a curve, for who reads its numbers."""
    return spec | {"usermeta": spec["usermeta"] | {"curve_step": epochs}}


def epochs(field: str, most: int) -> Spec:
    """Return the x axis of epochs from 1 to `most`, at whole numbers."""
    room = 0.02 * max(most - 1, 1)
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [1 - room, most + room], "nice": False, "zero": False},
        "axis": {"values": whole_ticks(1, most, 8), "format": "d", "title": "epoch", "grid": False},
    }


def _training_mean(value: float, guess: str, span: ErrorSpan) -> list[Spec]:
    """Return a line where always guessing the mean lies, while the axis shows that."""
    data: Spec = {"values": [{"value": value, "text": guess}]}
    inside = [{"filter": f"datum.value >= {BOTTOM} && datum.value <= {TOP}"}]
    y = errors("value", span)
    rule: Spec = {"mark": {"type": "rule", "strokeDash": [1, 3], "color": "#8a9099"}, "encoding": {"y": y}}
    text: Spec = {
        "mark": {"type": "text", "align": "right", "dy": -7, "fontSize": 11},
        "encoding": {"y": y, "x": {"value": "width"}, "text": {"field": "text"}},
    }
    return [{"data": data, "transform": inside} | layer for layer in (rule, text)]
