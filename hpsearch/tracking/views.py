"""Saved views of MLflow's runs page: columns and charts that compare designs by the objective and by angle.

MLflow keeps a saved view as an experiment tag, a JSON document whose `state` is deflated JSON of the page's
settings. It ignores unknown settings, so that a newer MLflow may show less but never fails.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

from hpsearch.study.naming import shared_params
from hpsearch.study.records import StudyRecord
from trainables.training.metric_names import BEST_EPOCH, BEST_MAE, VALIDATION

VIEW_TAG = "mlflow.sharedViewState."
TABLE_VIEW = "designs"
CHART_VIEW = "curves"

ONLY_TRIALS = "tags.kind = 'trial'"
"""Also lists the trials at the top level instead of folded below their parent run."""

SHOWN_RUNS = 20


def views(study: StudyRecord) -> dict[str, str]:
    """Return the experiment tags that hold the two views of a study."""
    searched = list(dict.fromkeys(name for trial in study.trials for name in shared_params(trial)))
    latest = [trial.epochs[-1] for trial in study.trials if trial.epochs]
    metrics = [name for name in dict.fromkeys(name for row in latest for name in row) if _compared(name)]
    return {
        VIEW_TAG + TABLE_VIEW: _saved("Designs, best first", _table(study.objective, searched, metrics)),
        VIEW_TAG + CHART_VIEW: _saved(
            "Objective and error by angle", _charts(study.objective, searched, metrics)
        ),
    }


def _compared(metric: str) -> bool:
    return metric.startswith(f"{VALIDATION}/") and metric not in (BEST_MAE, BEST_EPOCH)


def _table(objective: str, searched: Sequence[str], metrics: Sequence[str]) -> dict[str, Any]:
    plain = [name for name in metrics if name != objective and "_yaw_" not in name]
    columns = [
        "tags.`state`",
        f"metrics.`{objective}`",
        *(f"params.`{name}`" for name in searched),
        "metrics.`best/objective`",
        *(f"metrics.`{name}`" for name in plain),
        "metrics.`epoch`",
        "tags.`reason`",
    ]
    return _page(objective) | {"selectedColumns": columns, "columnOrder": columns}


def _charts(objective: str, searched: Sequence[str], metrics: Sequence[str]) -> dict[str, Any]:
    design, where = "Objective by design", "Error by angle and yaw band"
    bands = [name for name in metrics if "_yaw_" in name]
    others = [name for name in metrics if name not in (objective, *bands)]
    charts = [
        _chart("PARALLEL", design, "design", selectedParams=list(searched), selectedMetrics=[objective]),
        _chart("LINE", design, objective, metricKey=objective, selectedMetricKeys=[objective]),
        *(_chart("BAR", where, name, metricKey=name) for name in (*bands, *others)),
    ]
    sections = [
        {"uuid": name, "name": name, "columns": columns, "cardHeight": 400, "display": True}
        for name, columns in ((design, 2), (where, 3))
    ]
    return _page(objective) | {
        "isAccordionReordered": True,  # else the page sorts its sections by name
        "compareRunCharts": charts,
        "compareRunSections": [section | {"isGenerated": False, "deleted": False} for section in sections],
    }


def _page(objective: str) -> dict[str, Any]:
    return {
        "searchFilter": ONLY_TRIALS,
        "orderByKey": f"metrics.`{objective}`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": ["tags.`state`", f"metrics.`{objective}`"],
        "runsHiddenMode": f"FIRST_{SHOWN_RUNS}_RUNS",
        "hideEmptyCharts": True,
        "useGroupedValuesInCharts": True,
        "groupBy": None,
        "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
    }


def _chart(kind: str, section: str, name: str, **settings: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": f"{kind}-{name}",
        "metricSectionId": section,
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
