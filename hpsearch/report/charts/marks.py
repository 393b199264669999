"""What the charts of trials encode alike: errors, colours of pretext tasks, states, names of trials."""

from __future__ import annotations

from hpsearch.report.charts.chart import Spec
from hpsearch.report.charts.ticks import ticks
from hpsearch.report.charts.trials import ChartTrials
from hpsearch.report.style import colour_of, task_title
from hpsearch.study.records import TrialState
from trainables.target.metric import Metric

IS_COMPLETE = f"datum.state === '{TrialState.COMPLETE.value}'"

LOG_FROM = 1.5
"""Ratio of the largest to the smallest error from which their axis is logarithmic."""

BY_STATE: Spec = {
    "field": "state",
    "scale": {
        "domain": [state.value for state in TrialState],
        "range": [[1, 0] if state is TrialState.COMPLETE else [4, 3] for state in TrialState],
    },
    "legend": None,
}
"""The dashes of a trial's line: whole where it trained its full budget."""


def named(objective: Metric) -> list[Spec]:
    """Return what the mouse says of a trial."""
    return [
        {"field": "name", "title": "trial"},
        {"field": "error", "type": "quantitative", "title": objective.axis, "format": ".2f"},
        {"field": "state"},
        {"field": "epochs", "type": "quantitative"},
    ]


def by_task(found: ChartTrials) -> Spec:
    """Return the colour of a trial's pretext task; the page has one key for all charts."""
    titles, colours = [task_title(task) for task in found.tasks], [colour_of(task) for task in found.tasks]
    return {"field": "task", "scale": {"domain": titles, "range": colours}, "legend": None}


def errors(field: str, low: float, high: float) -> Spec:
    """Return the y axis of errors from `low` to `high`, logarithmic where they differ by much."""
    log = low > 0 and high > LOG_FROM * low
    pad = 0.05 * (high - low) or 0.1 * abs(low) or 1.0
    low, high = (low * 0.97, high * 1.03) if log else (low - pad, high + pad)
    kind: Spec = {"type": "log"} if log else {"zero": False}
    places = ticks(low, high, 5, log=log)
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, **kind},
        "axis": {"values": places, "format": "~g", "title": None, "labelOverlap": "greedy"},
    }
