"""Learning curves: the objective of every trial after each of its epochs."""

from __future__ import annotations

from hpsearch.report.charts.chart import Chart, Spec, brush, of_trials, when_hovered, when_selected
from hpsearch.report.charts.marks import BY_STATE, by_task, errors, named
from hpsearch.report.charts.ticks import whole_ticks
from hpsearch.report.charts.trials import ChartTrials, curve_of

HEIGHT_PX = 320


def curves_chart(found: ChartTrials, training_mean: float) -> Chart | None:
    """Return the chart; None where no epoch was trained."""
    curves = [curve_of(trial, found.objective.name) for trial in found.trials]
    values = [value for curve in curves for value in curve]
    if not values:
        return None
    most, low, high = max(map(len, curves)), min(values), max(values)
    y = errors("value", low, high)
    shared: Spec = {
        "x": epochs("epoch", most),
        "y": y,
        "detail": {"field": "trial"},
        "color": by_task(found),
        "opacity": when_selected(0.8, 0.06),
        "tooltip": named(found.objective),
    }
    unfolded = [
        {"calculate": "sequence(0, length(datum.curve))", "as": "point"},
        {"flatten": ["curve", "point"], "as": ["value", "point"]},
        {"calculate": f"min(1 + {found.curve_step} * datum.point, datum.epochs)", "as": "epoch"},
    ]
    lines: Spec = {
        "transform": unfolded,
        "mark": {"type": "line"},
        "encoding": shared | {"strokeDash": BY_STATE, "strokeWidth": when_hovered(3.2, 1.2)},
    }
    ends: Spec = {
        "transform": [*unfolded, {"filter": "datum.epoch === datum.epochs"}],
        "mark": {"type": "point", "filled": True, "size": 34},
        "params": brush(),
        "encoding": shared,
    }
    layers = [lines, ends]
    if low <= training_mean <= high:
        layers = [*_training_mean(training_mean, y), *layers]
    return Chart(
        name="curves",
        title="Learning curves",
        words=f"The {found.objective.noun} of {len(found.trials)} trials after each of at most {most} "
        "epochs, one line each.",
        spec=of_trials(HEIGHT_PX, layers),
    )


def epochs(field: str, most: int) -> Spec:
    """Return the x axis of epochs from 1 to `most`, at whole numbers."""
    room = 0.02 * max(most - 1, 1)
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [1 - room, most + room], "nice": False, "zero": False},
        "axis": {"values": whole_ticks(1, most, 8), "format": "d", "title": "epoch", "grid": False},
    }


def _training_mean(value: float, y: Spec) -> list[Spec]:
    data: Spec = {"values": [{"value": value, "text": "training mean"}]}
    rule: Spec = {"mark": {"type": "rule", "strokeDash": [1, 3], "color": "#8a9099"}, "encoding": {"y": y}}
    text: Spec = {
        "mark": {"type": "text", "align": "right", "dy": -7, "fontSize": 11},
        "encoding": {"y": y, "x": {"value": "width"}, "text": {"field": "text"}},
    }
    return [{"data": data} | layer for layer in (rule, text)]
