"""A search over time: the best error so far, and which trial ran when and where."""

from __future__ import annotations

from hpsearch.report.charts.chart import Chart, Spec, of_trials, when_hovered, when_selected
from hpsearch.report.charts.error_axis import at_the_rim, errors, rim_shape, rim_texts
from hpsearch.report.charts.marks import IS_COMPLETE, by_task, named
from hpsearch.report.charts.trials import ChartTrials
from hpsearch.study.records import TrialState

HEIGHT_PX = 220
PX_PER_LANE = 16
MOST_LANES = 48
"""With more of them, none could be read."""


def progress_chart(found: ChartTrials) -> Chart | None:
    """Return the lowest error of complete trials so far, over time; None where none is complete."""
    steps = _steps(found)
    if not steps or found.span is None:
        return None
    x = _time(found, "ended")
    ended = [{"filter": "isValid(datum.error) && datum.state !== 'running'"}]
    dots: Spec = {
        "transform": [*ended, at_the_rim("error")],
        "mark": {"type": "point", "filled": True},
        "encoding": {
            "x": x,
            "y": errors("rim", found.span),
            "shape": rim_shape("error"),
            "fill": by_task(found),
            "stroke": by_task(found),
            "fillOpacity": {"condition": {"test": IS_COMPLETE, "value": 1}, "value": 0},
            "opacity": when_selected(0.9, 0.1),
            "size": when_hovered(130, 46),
            "tooltip": named(found.objective),
        },
    }
    line: Spec = {
        "data": {"values": steps},
        "mark": {"type": "line", "interpolate": "step-after", "color": "#8a9099", "clip": True},
        "encoding": {"x": x, "y": errors("error", found.span)},
    }
    return Chart(
        name="progress",
        title="Best single run so far",
        words=f"The best {found.objective.noun} of the complete trials so far, over the search's time in "
        f"{found.clock.unit}.",
        spec=of_trials(HEIGHT_PX, [line, dots, rim_texts("error", found.span, x, ended)], found.span),
    )


def timeline_chart(found: ChartTrials) -> Chart | None:
    """Return a bar for each trial from its start to its end, a row per worker; None with too many rows."""
    lanes = found.clock.lanes
    if found.span is None or len(found.trials) < 2 or len(lanes) > MOST_LANES:
        return None
    bars: Spec = {
        "mark": {"type": "bar", "height": 10, "stroke": "#8a9099", "strokeWidth": 0.5},
        "encoding": {
            "x": _time(found, "began"),
            "x2": {"field": "ended"},
            "y": {
                "field": "lane",
                "sort": None,
                "scale": {"domain": list(lanes)},
                "axis": {"title": None, "labelLimit": 110, "ticks": False, "domain": False},
            },
            "color": by_task(found),
            "fillOpacity": {"condition": {"test": IS_COMPLETE, "value": 1}, "value": 0.35},
            "opacity": when_selected(0.9, 0.12),
            "strokeWidth": when_hovered(2.5, 0.5),
            "tooltip": [
                *named(found.objective),
                {"field": "trained", "title": "trained"},
                {"field": "waited", "title": "waited"},
            ],
        },
    }
    return Chart(
        name="timeline",
        title="Which trial ran when, by worker",
        words=f"A bar for each of {len(found.trials)} trials on {len(lanes)} rows of workers, from its start "
        "to its end.",
        spec=of_trials(PX_PER_LANE * len(lanes) + 10, [bars], found.span),
    )


def _time(found: ChartTrials, field: str) -> Spec:
    last = max(found.clock.ended.values(), default=1.0) or 1.0
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [0, 1.02 * last], "nice": False},
        "axis": {"title": f"{found.clock.unit} since the search began", "grid": False, "tickCount": 6},
    }


def _steps(found: ChartTrials) -> list[dict[str, float]]:
    """Return the best error so far, at each time that it became better, and at the end."""
    cost, ended = found.objective.cost, found.clock.ended
    complete = [t for t in found.trials if t.state is TrialState.COMPLETE and t.number in found.errors]
    steps: list[dict[str, float]] = []
    for trial in sorted(complete, key=lambda one: ended[one.number]):
        error = found.errors[trial.number]
        if not steps or cost(error) < cost(steps[-1]["error"]):
            steps.append({"ended": ended[trial.number], "error": error})
    if steps:
        steps.append({"ended": max(ended.values()), "error": steps[-1]["error"]})
    return steps
