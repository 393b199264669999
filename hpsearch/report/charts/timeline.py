"""A search over time: the best error so far, and which trial ran when and where."""

from __future__ import annotations

from collections.abc import Sequence

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
    """Return a bar from each start or thaw of a trial to its freeze or end; None with too many workers."""
    lanes, clock = found.clock.lanes, found.clock
    if found.span is None or len(found.trials) < 2 or len(lanes) > MOST_LANES:
        return None
    said = [
        *named(found.objective),
        {"field": "trained", "title": "trained"},
        {"field": "waited", "title": "waited"},
    ]
    bars: Spec = {
        "transform": _OF_BARS,
        "mark": {"type": "bar", "height": 10, "stroke": "#8a9099", "strokeWidth": 0.5},
        "encoding": {
            "x": _time(found, "from"),
            "x2": {"field": "until"},
            "y": _lane(lanes),
            "color": by_task(found),
            "fillOpacity": {"condition": {"test": IS_COMPLETE, "value": 1}, "value": 0.35},
            "opacity": when_selected(0.9, 0.12),
            "strokeWidth": when_hovered(2.5, 0.5),
            "tooltip": said,
        },
    }
    waits: Spec = {
        "transform": _OF_WAITS,
        "mark": {"type": "line", "yOffset": 6.5, "interpolate": "step-before"},
        "encoding": {
            "x": _time(found, "at"),
            "y": _lane(lanes),
            "detail": [{"field": "trial"}, {"field": "wait"}],
            "order": {"field": "end"},
            "color": by_task(found),
            "strokeWidth": when_hovered(2.5, 0.8),
            "opacity": when_selected(0.7, 0.06),
            "tooltip": said,
        },
    }
    known = len(clock.unknown) < len(clock.bars)
    return Chart(
        name="timeline",
        title="Which trial ran when, by worker",
        words=f"Bars of {len(found.trials)} trials on {len(lanes)} rows of workers, from start or thaw to "
        "freeze or end.",
        note=_KNOWN if known else _UNKNOWN,
        spec=of_trials(
            PX_PER_LANE * len(lanes) + 10,
            [waits, bars, _turns(found, "until", "diamond"), _turns(found, "from", "triangle-right")],
            found.span,
        ),
    )


_KNOWN = (
    "A diamond ends the bar of a trial that was frozen, a triangle begins that of one that was thawed; a "
    "thin line below the bars joins the two. Such a line before a first bar: the trial waited for a worker "
    "or a pretraining. Pale bars are trials that did not finish. Confirmations are not drawn."
)
_UNKNOWN = (
    "An older version of hpsearch made this study and did not keep when trials were frozen and thawed: a bar "
    "is as long as the trial was open."
)
_OF_BARS: list[Spec] = [
    {"flatten": ["bars"], "as": ["bar"]},
    *(
        {"calculate": f"datum.bar[{at}]", "as": name}
        for at, name in enumerate(("lane", "from", "until", "frozen"))
    ),
]
_OF_WAITS: list[Spec] = [
    {"calculate": "sequence(0, length(datum.waits))", "as": "wait"},
    {"flatten": ["waits", "wait"], "as": ["ends", "wait"]},
    {"calculate": "[0, 1]", "as": "end"},
    {"flatten": ["ends", "end"], "as": ["place", "end"]},
    {"calculate": "datum.place[0]", "as": "lane"},
    {"calculate": "datum.place[1]", "as": "at"},
]


def _turns(found: ChartTrials, at: str, shape: str) -> Spec:
    """Return the marks where trials were frozen, at ends of bars, or thawed, where later ones begin."""
    test = "datum.frozen" if at == "until" else "datum.from > datum.bars[0][1]"
    return {
        "transform": [*_OF_BARS, {"filter": test}],
        "mark": {"type": "point", "shape": shape, "filled": True, "stroke": "#ffffff", "strokeWidth": 0.8},
        "encoding": {
            "x": _time(found, at),
            "y": _lane(found.clock.lanes),
            "fill": by_task(found),
            "opacity": when_selected(1, 0.12),
            "size": when_hovered(150, 60),
            "tooltip": named(found.objective),
        },
    }


def _lane(lanes: Sequence[str]) -> Spec:
    return {
        "field": "lane",
        "type": "nominal",
        "sort": None,
        "scale": {"domain": list(lanes)},
        "axis": {"title": None, "labelLimit": 110, "ticks": False, "domain": False},
    }


def _time(found: ChartTrials, field: str) -> Spec:
    last = max(map(found.clock.ended, found.clock.bars), default=1.0) or 1.0
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
    for trial in sorted(complete, key=lambda one: ended(one.number)):
        error = found.errors[trial.number]
        if not steps or cost(error) < cost(steps[-1]["error"]):
            steps.append({"ended": ended(trial.number), "error": error})
    if steps:
        steps.append({"ended": max(map(ended, found.clock.bars)), "error": steps[-1]["error"]})
    return steps
