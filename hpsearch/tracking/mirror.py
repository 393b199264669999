"""`Mirror`: writes one study into MLflow. Every call is idempotent: repeated, it changes nothing.

Only `MlflowClient` is used: no active run, no global tracking URI.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hpsearch.results.verdict import verdict_of
from hpsearch.study.naming import run_name, short_names
from hpsearch.study.records import PretrainingRecord, StudyRecord, TrialRecord, TrialState
from hpsearch.tracking.artifacts import keep_best, keep_image_errors
from hpsearch.tracking.connection import connect, mlflow_errors
from hpsearch.tracking.pretraining_runs import PretrainingRuns
from hpsearch.tracking.rows import (
    INTERRUPTED,
    MAX_PARAM_CHARS,
    MAX_TAG_CHARS,
    epoch_rows,
    identity_tags,
    note,
    params_of,
    split_dataset,
    state_tags,
    study_rows,
)
from hpsearch.tracking.views import views
from trainables.base.seldom import Seldom
from trainables.training.metric_names import TEST

if TYPE_CHECKING:
    from mlflow.entities import Metric, Param, Run

STUDY_TAG = "hpsearch.study"
TRIAL_TAG = "hpsearch.trial"
PARENT_TAG = "mlflow.parentRunId"
NOTE_TAG = "mlflow.note.content"
VERDICT_TAG = "verdict"

STATUS = {
    TrialState.RUNNING: "RUNNING",
    TrialState.COMPLETE: "FINISHED",
    TrialState.FROZEN: "FINISHED",
    TrialState.PRUNED: "FINISHED",
    TrialState.FAILED: "FAILED",
    TrialState.INTERRUPTED: "KILLED",
}
"""Pruned trials are FINISHED, since MLflow shows KILLED with the same red cross as FAILED. KILLED is for
trials that were interrupted and that the next launch resumes; the tag `state` distinguishes all of them."""

MAX_METRICS = 1000
MAX_PARAMS = 100
"""Limits of one `log_batch` call."""


@dataclass
class _Written:
    """What is already in MLflow of one trial."""

    run_id: str
    status: str
    epochs: int = 0
    tested: bool = False
    params: frozenset[str] = frozenset()
    whole: bool = False
    """Whether all values of its config are among the params."""
    tags: dict[str, str] = field(default_factory=dict)


class Mirror:
    """One study in the MLflow at `uri`.

    `study_id` distinguishes this study from others of the same name in a shared MLflow. `artifacts` is the
    folder for files where MLflow is a plain database; a server has its own. Every method raises
    `MlflowUnavailableError`.
    """

    def __init__(self, uri: str, name: str, study_id: str, artifacts: Path) -> None:
        self._study_id = study_id
        self._client = connect(uri)
        with mlflow_errors():
            location = None if uri.startswith("http") else (artifacts / name).absolute().as_uri()
            self._experiment = self._find_experiment(name, location)
            self._parent, self._trials = self._read_runs(name)
            self._pretrainings = PretrainingRuns(self._client, self._experiment, self._parent)
        self._study: StudyRecord | None = None
        """The newest record."""
        self._searched: dict[str, None] = {}
        """The shared path of every value that a trial was seen to search."""
        self._names: dict[frozenset[str], frozenset[str]] = {}
        """The names of params, which most trials have alike, each set once."""
        self._tags: dict[str, str] = {}
        self._report = ""
        """The address of the study's page within MLflow, once it is there."""
        self._describe_seldom = Seldom(self._describe)

    def sync(self, study: StudyRecord, trial: TrialRecord, seen_s: Sequence[float]) -> None:
        """Bring the run of one trial up to date; `seen_s[i]` is when epoch i + 1 was first seen."""
        with mlflow_errors():
            self._study = study
            self._searched |= dict.fromkeys(trial.shared_params)
            written = self._trials.get(trial.number)
            if written is None:
                written = self._trials[trial.number] = self._create(study, trial)
                self._describe_seldom()  # from the first trial on, MLflow has views to show
            if written.status != STATUS[trial.state] and trial.state is TrialState.RUNNING:
                self._client.update_run(written.run_id, status="RUNNING")
                written.status = "RUNNING"
            self._log(study, trial, written, seen_s)
            if written.status != STATUS[trial.state]:
                ended_s = trial.ended_s if trial.ended_s is not None else trial.started_s
                self._client.set_terminated(written.run_id, STATUS[trial.state], _ms(ended_s))
                written.status = STATUS[trial.state]
                self._describe_seldom()

    def sync_pretraining(self, pretraining: PretrainingRecord) -> None:
        """Bring the run of a pretraining up to date."""
        with mlflow_errors():
            self._pretrainings.sync(pretraining)

    def finish(
        self,
        study: StudyRecord,
        files: Sequence[Path],
        summaries: Mapping[int, Mapping[str, float]] = MappingProxyType({}),
    ) -> None:
        """Bring the parent run up to date and end it: metrics, note, `files`, the winner and its weights.

        `summaries` are metrics of trials that follow from other trials, by their number. No run of the study
        is RUNNING afterwards: trials that were stopped are KILLED and `interrupted`.
        """
        with mlflow_errors():
            for written in self._trials.values():
                if written.status == "RUNNING":
                    self._client.set_tag(written.run_id, "state", INTERRUPTED)
                    self._client.set_terminated(written.run_id, "KILLED")
                    written.tags["state"], written.status = INTERRUPTED, "KILLED"
            self._pretrainings.interrupt()
            for trial in study.trials:
                if (known := self._trials.get(trial.number)) is not None:
                    self._complete(trial, known, summaries.get(trial.number, {}))
            ended = study_rows(study)
            metrics = [(step, at_s, row) for step, (at_s, row) in enumerate(ended, start=1)]
            for chunk in _chunks(_metrics(metrics), MAX_METRICS):
                self._client.log_batch(self._parent, metrics=chunk)
            self._study = study
            for file in files:
                self._client.log_artifact(self._parent, str(file))
            if page := next((file.name for file in files if file.suffix == ".html"), None):
                self._report = f"#/experiments/{self._experiment}/runs/{self._parent}/artifacts/{page}"
            self._describe()
            if study.best is not None:
                keep_best(self._client, self._parent, study.best)
            stopped = any(trial.state is TrialState.RUNNING for trial in study.trials)
            end = "KILLED" if stopped else "FINISHED" if study.best is not None else "FAILED"
            self._client.set_terminated(self._parent, end)

    def _find_experiment(self, name: str, location: str | None) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is None:
            return self._client.create_experiment(name, artifact_location=location)
        if found.lifecycle_stage == "deleted":
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _read_runs(self, name: str) -> tuple[str, dict[int, _Written]]:
        """Return the parent run's id, creating the run if needed, and what each trial's run already holds."""
        parent, trials = "", {}
        for run in self._runs():
            number = run.data.tags.get(TRIAL_TAG)
            if number is None:
                parent = run.info.run_id
            elif int(number) in trials:  # created twice, because the answer to the first request was lost
                self._client.delete_run(run.info.run_id)
            else:
                trials[int(number)] = _written(run)
        if parent:
            self._client.update_run(parent, status="RUNNING")
        else:
            tags = {STUDY_TAG: self._study_id, "kind": "study", "mlflow.source.name": "hpsearch"}
            parent = self._client.create_run(self._experiment, tags=tags, run_name=name).info.run_id
        return parent, trials

    def _runs(self) -> Iterator[Run]:
        query, token = f"tags.`{STUDY_TAG}` = '{self._study_id}'", None
        while True:
            page = self._client.search_runs([self._experiment], query, max_results=1000, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _create(self, study: StudyRecord, trial: TrialRecord) -> _Written:
        state = state_tags(trial) | {"state": TrialState.RUNNING.value, "reason": ""}
        tags = identity_tags(study, trial) | state
        tags |= {
            STUDY_TAG: self._study_id,
            TRIAL_TAG: str(trial.number),
            PARENT_TAG: self._parent,
        }
        name = run_name(trial, short_names([trial]))
        run = self._client.create_run(self._experiment, _ms(trial.started_s), tags, name)
        return _Written(run.info.run_id, "RUNNING", tags=state)

    def _log(
        self, study: StudyRecord, trial: TrialRecord, written: _Written, seen_s: Sequence[float]
    ) -> None:
        """Write the params, epochs and tags that MLflow does not have yet, in as few batches as possible."""
        from mlflow.entities import RunTag

        if not written.params:
            self._log_inputs(study, written.run_id)
            self._client.log_dict(written.run_id, trial.config.model_dump(mode="json"), "config.yaml")
        params = self._missing(trial, written)
        rows = list(enumerate(epoch_rows(study, trial), start=1))[written.epochs :]
        metrics = _metrics([(epoch, seen_s[epoch - 1], row) for epoch, row in rows])
        if trial.test and not written.tested:
            metrics += _metrics([(len(trial.epochs), time.time(), trial.test)])
        tags = state_tags(trial) | self._origin_tags(trial)
        tags |= keep_image_errors(self._client, written.run_id, trial, written.tags)
        changed = [RunTag(key, value) for key, value in tags.items() if written.tags.get(key) != value]
        while params or metrics or changed:
            self._client.log_batch(written.run_id, metrics[:MAX_METRICS], params[:MAX_PARAMS], changed)
            params, metrics, changed = params[MAX_PARAMS:], metrics[MAX_METRICS:], []
        written.epochs = len(trial.epochs)
        written.tested = bool(trial.test)
        written.tags |= tags

    def _missing(self, trial: TrialRecord, written: _Written) -> list[Param]:
        """Return the params that MLflow does not have of a trial, and count them as written."""
        from mlflow.entities import Param

        if written.whole and written.params >= self._searched.keys():
            return []
        wanted = params_of(trial, self._searched)
        params = [
            Param(key, text[:MAX_PARAM_CHARS]) for key, text in wanted.items() if key not in written.params
        ]
        names = frozenset(written.params | wanted.keys())
        written.params, written.whole = self._names.setdefault(names, names), True
        return params

    def _complete(self, trial: TrialRecord, written: _Written, summary: Mapping[str, float]) -> None:
        """Write what is known of a trial once all others have ended."""
        at_s = trial.ended_s if trial.ended_s is not None else trial.started_s
        metrics = _metrics([(len(trial.epochs), at_s, summary)])
        params = self._missing(trial, written)
        while params or metrics:
            self._client.log_batch(written.run_id, metrics[:MAX_METRICS], params[:MAX_PARAMS])
            params, metrics = params[MAX_PARAMS:], metrics[MAX_METRICS:]

    def _origin_tags(self, trial: TrialRecord) -> dict[str, str]:
        """Return the tags that link a trial to the pretraining it started from."""
        if trial.pretrained is None:
            return {}
        tags, started = {"pretrained": trial.pretrained}, trial.state is TrialState.RUNNING and trial.epochs
        run_id = None if started else self._pretrainings.run_id(trial.pretrained)
        return tags if run_id is None else tags | {"pretrained.run_id": run_id}

    def _log_inputs(self, study: StudyRecord, run_id: str) -> None:
        """Fill MLflow's dataset column."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        inputs = []
        for role, text in study.provenance.datasets.items():
            name, digest = split_dataset(text)
            dataset = Dataset(name=name, digest=digest[:36], source_type="local", source="{}")
            inputs.append(DatasetInput(dataset, [InputTag("mlflow.data.context", role)]))
        if inputs:
            self._client.log_inputs(run_id, datasets=inputs)

    def _describe(self) -> None:
        """Write the study's note and views, for which all of its trials are looked at."""
        if (study := self._study) is None:
            return
        text = note(study, self._report)
        if self._tags.get(NOTE_TAG) != text:
            self._client.set_tag(self._parent, NOTE_TAG, text)
            self._client.set_tag(self._parent, VERDICT_TAG, verdict_of(study).sentence[:MAX_TAG_CHARS])
        tags = {
            NOTE_TAG: text,
            "mlflow.experimentKind": "custom_model_development",
            "mlflow.experiment.primaryMetric.name": study.objective.name,
            **views(study),
        }
        for key, value in tags.items():
            if self._tags.get(key) != value:
                self._client.set_experiment_tag(self._experiment, key, value)
        self._tags = tags


def _written(run: Run) -> _Written:
    return _Written(
        run_id=run.info.run_id,
        status=run.info.status,
        epochs=int(run.data.metrics.get("epoch", 0)),
        tested=any(key.startswith(f"{TEST}/") for key in run.data.metrics),
        params=frozenset(run.data.params),
        tags=dict(run.data.tags),
    )


def _metrics(rows: Sequence[tuple[int, float, Mapping[str, float]]]) -> list[Metric]:
    from mlflow.entities import Metric

    return [Metric(key, value, _ms(at_s), step) for step, at_s, row in rows for key, value in row.items()]


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
