"""Saved views of MLflow's runs page: columns and charts that compare designs by error, place and cost.

MLflow keeps a saved view as an experiment tag, a JSON document whose `state` is deflated JSON of the page's
settings. It ignores unknown settings, so that a newer MLflow may show less but never fails.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from hpsearch.study.naming import short_names
from hpsearch.study.records import StudyRecord, TrialState
from hpsearch.tracking.rows import GPU_HOURS, HOURS
from trainables.target.metric import Direction, Metric
from trainables.training.metric_names import IMAGES_PER_S, VALIDATION

VIEW_TAG = "mlflow.sharedViewState."
TABLE_VIEW = "designs"
CHART_VIEW = "curves"

ONLY_TRIALS = "tags.kind = 'trial'"
"""Also lists the trials at the top level instead of folded below their parent run."""

SHOWN_RUNS = 20

COLUMNS = 2
"""Charts side by side: with more, their titles are cut before what tells them apart."""

CONFIRMED = ("confirmed", "confirmed_low", "confirmed_high")
"""Metrics of a design that was trained again: the mean over new seeds and its interval."""


def views(study: StudyRecord) -> dict[str, str]:
    """Return the experiment tags that hold the two views of a study."""
    searched = list(short_names(study.trials))
    common = [name for name in searched if all(name in trial.shared_params for trial in study.trials)]
    latest = [trial.epochs[-1] for trial in study.trials if trial.epochs]
    known = {metric.within(VALIDATION).name: metric for metric in study.measures}
    metrics = {name: known[name] for row in latest for name in row if name in known}
    charts = _charts(study.objective, searched, common, metrics)
    both = charts | _table(study, searched, metrics)  # so that each is one click on MLflow's own buttons away
    return {
        VIEW_TAG + TABLE_VIEW: _saved("Designs, best first", both),
        VIEW_TAG + CHART_VIEW: _saved("Curves, where and cost", both),
    }


def _table(study: StudyRecord, searched: Sequence[str], metrics: Mapping[str, Metric]) -> dict[str, Any]:
    objective = study.objective.name
    plain = [name for name, metric in metrics.items() if name != objective and not metric.images]
    confirmed = CONFIRMED if any(trial.confirms is not None for trial in study.trials) else ()
    main = f"/{study.measures[0].name}" if study.measures else ""
    tests = dict.fromkeys(name for trial in study.trials for name in trial.test if name.endswith(main))
    failed = any(trial.state is TrialState.FAILED for trial in study.trials)
    columns = [
        "tags.`state`",
        f"metrics.`{objective}`",
        *(["tags.`reason`"] if failed else []),  # in sight, where it matters most
        *(f"metrics.`{name}`" for name in (*confirmed, *(cost.name for cost in study.spec.costs), HOURS)),
        *(f"params.`{name}`" for name in searched),
        *([] if failed else ["tags.`reason`"]),
        *(f"metrics.`{name}`" for name in ("epoch", GPU_HOURS, IMAGES_PER_S)),
        *(f"metrics.`{name}`" for name in tests),
        "metrics.`best/objective`",
        *(f"metrics.`{name}`" for name in plain),
    ]
    return _page(study.objective) | {"selectedColumns": columns, "columnOrder": columns}


def _charts(
    aim: Metric, searched: Sequence[str], common: Sequence[str], metrics: Mapping[str, Metric]
) -> dict[str, Any]:
    """Return the page of charts; `common` are the searched values that every design has.

    MLflow's parallel coordinates leave out a run whose value on an axis is no number where most are. So one
    chart has what all designs have, another everything for the designs that have all of it.
    """
    objective = aim.name
    bands = [name for name, metric in metrics.items() if metric.images]
    others = [name for name in metrics if name not in (objective, *bands)]
    settings = [_parallel("settings", searched, objective)] if len(common) < len(searched) else []
    line = _chart("LINE", objective, metricKey=objective, selectedMetricKeys=[objective])
    charts = {
        "Error by design": [_parallel("design", common, objective), line],
        "Error by the settings that only some designs have": settings,
        "Error by label and group of images": [
            _chart("BAR", name, metricKey=name) for name in (*bands, *others)
        ],
        "Error by cost": [_scatter(cost, objective) for cost in (HOURS, GPU_HOURS)],
    }
    kept = {"isGenerated": False, "deleted": False}
    return _page(aim) | {
        "isAccordionReordered": True,  # else the page sorts its sections by name
        "compareRunCharts": [
            chart | {"metricSectionId": name} for name, inside in charts.items() for chart in inside
        ],
        "compareRunSections": [
            {"uuid": name, "name": name, "columns": COLUMNS, "cardHeight": 400, "display": True} | kept
            for name, inside in charts.items()
            if inside
        ],
    }


def _parallel(name: str, params: Sequence[str], objective: str) -> dict[str, Any]:
    return _chart("PARALLEL", name, selectedParams=list(params), selectedMetrics=[objective])


def _scatter(across: str, up: str) -> dict[str, Any]:
    axes = {name: {"key": key, "type": "METRIC"} for name, key in (("xaxis", across), ("yaxis", up))}
    return _chart("SCATTER", across, **axes)


def _page(objective: Metric) -> dict[str, Any]:
    return {
        "searchFilter": ONLY_TRIALS,
        "orderByKey": f"metrics.`{objective.name}`",
        "orderByAsc": objective.direction is Direction.MINIMIZE,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": ["tags.`state`", f"metrics.`{objective.name}`"],
        "runsHiddenMode": f"FIRST_{SHOWN_RUNS}_RUNS",
        "hideEmptyCharts": True,
        "useGroupedValuesInCharts": True,
        "groupBy": None,
        "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
    }


def _chart(kind: str, name: str, **settings: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": f"{kind}-{name}",
        "displayName": name,
        "runsCountToCompare": SHOWN_RUNS,
        "useGlobalLineSmoothing": True,
        "useGlobalXaxisKey": True,
        "deleted": False,
        "isGenerated": False,
        **settings,
    }


def _saved(name: str, page: dict[str, Any]) -> str:
    packed = base64.b64encode(zlib.compress(json.dumps(page).encode(), 9)).decode()
    return json.dumps({"name": name, "createdAt": 0, "updatedAt": 0, "state": f"deflate;{packed}"})
