"""What the charts of trials encode alike: colours of pretext tasks, states, names of trials."""

from __future__ import annotations

from hpsearch.report.charts.chart import Spec
from hpsearch.report.charts.trials import ChartTrials
from hpsearch.report.style import colour_of
from hpsearch.study.records import TrialState
from trainables.target.metric import Metric

IS_COMPLETE = f"datum.state === '{TrialState.COMPLETE.value}'"

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
    colours = [colour_of(task) for task in found.tasks]
    return {"field": "task", "scale": {"domain": list(found.tasks), "range": colours}, "legend": None}
