"""Pretrainings in MLflow: one run each, below the study that trained it, linked from trials that use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hpsearch.study.naming import shown
from hpsearch.study.records import PretrainingRecord, TrialState
from hpsearch.tracking.rows import INTERRUPTED, MAX_PARAM_CHARS, MAX_TAG_CHARS

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PRETRAINING_TAG = "hpsearch.pretrain"
"""The tag of a pretraining's name, which ends in its key and is the same in every study."""

ENDS = {TrialState.COMPLETE: "FINISHED", TrialState.FAILED: "FAILED"}


class PretrainingRuns:
    """The runs of pretrainings. One that another study began is found and continued, not created again."""

    def __init__(self, client: MlflowClient, experiment: str, parent: str) -> None:
        self._client = client
        self._experiment = experiment
        self._parent = parent
        self._ids: dict[str, str] = {}
        self._running: set[str] = set()

    def run_id(self, name: str) -> str | None:
        """Return the run of a pretraining, None where there is none, as for weights from a file."""
        if name not in self._ids and (found := self._find(name)):
            self._ids[name] = str(found.info.run_id)
        return self._ids.get(name)

    def sync(self, record: PretrainingRecord) -> None:
        """Bring the run of a pretraining up to date; repeated, it changes nothing."""
        from mlflow.entities import Metric, RunTag

        found = self._find(record.name)
        run_id = self._create(record) if found is None else str(found.info.run_id)
        self._ids[record.name] = run_id
        written = 0 if found is None else int(found.data.metrics.get("epoch", 0))
        epochs = list(zip(record.seen_s, record.epochs, strict=True))
        metrics = [
            Metric(key, value, int(seen_s * 1000), epoch)
            for epoch, (seen_s, row) in enumerate(epochs[written:], start=written + 1)
            for key, value in {**row, "epoch": float(epoch)}.items()
        ]
        tags = {"state": record.state.value, "reason": record.reason[:MAX_TAG_CHARS]}
        if record.placement is not None:
            place = record.placement
            tags |= {"host": place.host, "device": place.device, "gpu_share": shown(place.gpus)}
        run_tags = [RunTag(key, value) for key, value in tags.items()]
        for start in range(0, max(len(metrics), 1), 1000):  # the limit of one batch
            self._client.log_batch(run_id, metrics[start : start + 1000], tags=run_tags)
        if record.state is TrialState.RUNNING:
            self._client.update_run(run_id, status="RUNNING")
            self._running.add(run_id)
        else:
            ended_ms = None if record.ended_s is None else int(record.ended_s * 1000)
            self._client.set_terminated(run_id, ENDS[record.state], ended_ms)
            self._running.discard(run_id)

    def interrupt(self) -> None:
        """End the runs of interrupted pretrainings as KILLED, so that none stays RUNNING."""
        for run_id in self._running:
            self._client.set_tag(run_id, "state", INTERRUPTED)
            self._client.set_terminated(run_id, "KILLED")
        self._running.clear()

    def _find(self, name: str) -> Run | None:
        """Return the run of a pretraining, the oldest where it was created twice after a lost answer."""
        experiments = [str(found.experiment_id) for found in self._client.search_experiments()]
        runs = self._client.search_runs(
            experiments, f"tags.`{PRETRAINING_TAG}` = '{name}'", order_by=["attributes.start_time ASC"]
        )
        return runs[0] if runs else None

    def _create(self, record: PretrainingRecord) -> str:
        from mlflow.entities import Param

        tags = {
            PRETRAINING_TAG: record.name,
            "mlflow.parentRunId": self._parent,
            "kind": "pretraining",
            "mlflow.source.name": "hpsearch",
        }
        started_ms = int(record.started_s * 1000)
        name = f"pretrain {record.title} {record.config['backbone']} {record.config['image_px']} px"
        run_id = str(self._client.create_run(self._experiment, started_ms, tags, name).info.run_id)
        values = dict(_flat(record.config))
        params = [Param(key, shown(value)[:MAX_PARAM_CHARS]) for key, value in values.items()]
        for start in range(0, len(params), 100):  # the limit of one batch
            self._client.log_batch(run_id, params=params[start : start + 100])
        self._client.log_dict(run_id, dict(record.config), "config.yaml")
        return run_id


def _flat(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value under its dotted path."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{path}{key}.")
        else:
            yield path + key, value
