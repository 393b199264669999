"""Published results as MLflow runs beside a study's trials, so that MLflow compares both."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.tracking.connection import connect, mlflow_errors

REFERENCE_TAG = "hpsearch.reference"
"""The tag of a reference's key, which is unique within its experiment."""


@dataclass(frozen=True)
class Reference:
    """A published result. Its params and metrics have the same names as those of the trials."""

    key: str
    name: str
    source: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    note: str


def log_references(uri: str, study: str, references: Sequence[Reference]) -> int | None:
    """Write references into the experiment of a study; return how many were not there before.

    None where the study has no experiment. Repeated, it leaves complete runs as they are.
    Raises `MlflowUnavailableError`.
    """
    from mlflow.entities import Metric, Param, RunTag

    client = connect(uri)
    with mlflow_errors():
        experiment = client.get_experiment_by_name(study)
        if experiment is None or experiment.lifecycle_stage == "deleted":
            return None
        number = str(experiment.experiment_id)
        found = client.search_runs([number], f"tags.`{REFERENCE_TAG}` LIKE '%'", max_results=1000)
        there = {run.data.tags[REFERENCE_TAG]: run.info for run in found}
        now_ms = int(time.time() * 1000)
        for reference in references:
            info = there.get(reference.key)
            if info is not None and info.status == "FINISHED":
                continue
            tags = _tags(reference)
            if info is None:
                info = client.create_run(number, now_ms, tags, reference.name).info
            client.log_batch(
                info.run_id,
                metrics=[Metric(key, value, now_ms, 0) for key, value in reference.metrics.items()],
                params=[Param(key, value) for key, value in reference.params.items()],
                tags=[RunTag(key, value) for key, value in tags.items()],
            )
            client.set_terminated(info.run_id, "FINISHED", now_ms)
        return len({reference.key for reference in references} - there.keys())


def _tags(reference: Reference) -> dict[str, str]:
    """Return the tags; `kind` is that of trials, which the page of runs shows."""
    tags = {
        REFERENCE_TAG: reference.key,
        "source": reference.source,
        "kind": "trial",
        "state": reference.source,
        "mlflow.source.name": reference.source,
    }
    return tags | ({"mlflow.note.content": reference.note} if reference.note else {})
