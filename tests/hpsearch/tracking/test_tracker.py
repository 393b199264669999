from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import time
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from support import plausible

from hpsearch.results.verdict import verdict_of
from hpsearch.study.naming import rows
from hpsearch.study.records import PretrainingRecord, StudyRecord, TrialRecord, TrialState
from hpsearch.study.trial_log import LOG
from hpsearch.tracking.location import default_uri
from hpsearch.tracking.mirror import Mirror
from hpsearch.tracking.rows import note
from hpsearch.tracking.tracker import Tracker
from hpsearch.tracking.views import views
from trainables.base.plain_text import markdown_text
from trainables.training.metric_names import EPOCH_S

COMPLETE, PRUNED, FAILED, RUNNING = (
    TrialState.COMPLETE,
    TrialState.PRUNED,
    TrialState.FAILED,
    TrialState.RUNNING,
)


@pytest.fixture
def root(tmp_path: Path, empty_store: Path) -> Path:
    shutil.copyfile(empty_store, tmp_path / "mlflow.db")
    return tmp_path


def make(root: Path, *states: TrialState, name: str = "demo") -> StudyRecord:
    study = plausible.study(root / "studies" / name, states, name=name)
    for trial in study.trials:
        trial.folder.mkdir(parents=True)
        (trial.folder / "best.pt").write_bytes(b"weights %d" % trial.number)
    return study


def track(root: Path, study: StudyRecord, **options: Any) -> Tracker:
    def unexpected(text: str) -> None:
        raise AssertionError(text)

    warn = options.pop("warn", unexpected)
    uri = options.pop("uri", default_uri(root))
    tracker = Tracker(uri, study.name, study.folder, root / "files", warn)
    for trial in study.trials:
        tracker.sync(study, trial)
    return tracker


def runs_of(root: Path, name: str = "demo") -> tuple[Run, dict[int, Run]]:
    """The parent run and the trials' runs, read back through MLflow's own client."""
    client = MlflowClient(default_uri(root))
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    [parent] = [run for run in runs if run.data.tags["kind"] == "study"]
    trials = [run for run in runs if run.data.tags["kind"] == "trial"]
    by_number = {int(run.data.tags["trial"]): run for run in trials}
    assert len(by_number) == len(trials), "one run per trial"
    return parent, by_number


def curve(root: Path, run: Run, metric: str) -> list[tuple[int, float]]:
    history = MlflowClient(default_uri(root)).get_metric_history(run.info.run_id, metric)
    return sorted((point.step, point.value) for point in history)


def with_trial(study: StudyRecord, trial: TrialRecord) -> StudyRecord:
    trials = tuple(trial if old.number == trial.number else old for old in study.trials)
    return replace(study, trials=trials)


def test_every_value_of_the_record_can_be_read_back(root: Path) -> None:
    study = make(root, COMPLETE, PRUNED, FAILED, COMPLETE, PRUNED)
    assert track(root, study).close(study)
    parent, runs = runs_of(root)
    assert sorted(runs) == [0, 1, 2, 3, 4]
    for trial in study.trials:
        run = runs[trial.number]
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.data.tags["state"] == trial.state.value
        assert run.data.tags["reason"] == trial.reason
        assert run.data.tags["dataset.train"] == "rendered-heads"
        assert run.data.tags["dataset.train.hash"] == "5c0ffee1ab"
        assert run.data.tags["code_version"] == study.provenance.code_version
        assert run.data.tags["seed"] == str(trial.config.seed)
        assert (run.data.tags["host"], run.data.tags["device"], run.data.tags["gpu_share"]) == (
            "node-1",
            "cpu",
            "0",
        )
        assert run.info.status == ("FAILED" if trial.state is FAILED else "FINISHED")
        assert run.info.start_time == int(trial.started_s * 1000)
        assert run.info.end_time == int((trial.ended_s or 0) * 1000)
        config = {row.shared: row.text for row in rows(trial.config)}
        assert config.items() <= run.data.params.items()
        assert trial.shared_params.keys() <= config.keys()
        for metric in trial.epochs[0]:
            expected = [(epoch, row[metric]) for epoch, row in enumerate(trial.epochs, start=1)]
            assert curve(root, run, metric) == expected, metric
        objective = [row[study.objective.name] for row in trial.epochs]
        assert run.data.metrics["best/objective"] == min(objective)
        assert run.data.metrics["best/epoch"] == objective.index(min(objective)) + 1


def test_predicted_poses_of_complete_trials_are_kept_at_their_runs_once(root: Path) -> None:
    study, client = make(root, COMPLETE, PRUNED, COMPLETE), MlflowClient(default_uri(root))
    for trial in study.trials[:2]:
        (trial.folder / "validation_errors.parquet").write_bytes(b"poses %d" % trial.number)

    def kept() -> dict[tuple[int, str], int]:
        """When each file at a trial's run was written."""
        stores = {
            number: root / "files" / "demo" / run.info.run_id for number, run in runs_of(root)[1].items()
        }
        files = [(number, file) for number, store in stores.items() for file in store.rglob("*.parquet")]
        return {(number, file.name): file.stat().st_mtime_ns for number, file in files}

    assert track(root, study).close(study)
    first = kept()
    assert list(first) == [(0, "validation_errors.parquet")]
    (study.trials[0].folder / "test_biwi_errors.parquet").write_bytes(b"poses")  # tested later
    assert track(root, study).close(study)
    assert kept().items() > first.items() and (0, "test_biwi_errors.parquet") in kept()
    run = runs_of(root)[1][0]
    assert run.data.tags["image_errors"] == "test_biwi_errors.parquet validation_errors.parquet"
    copy = client.download_artifacts(run.info.run_id, "validation_errors.parquet", str(root))
    assert Path(copy).read_bytes() == b"poses 0"
    assert "image_errors" not in runs_of(root)[1][2].data.tags


def test_settings_of_exclusive_variants_share_one_parameter(root: Path) -> None:
    study = make(root, *[COMPLETE] * 8)
    tasks = {trial.params["pretext"] for trial in study.trials if "pretext" in trial.params} - {"none"}
    assert len(tasks) >= 2, "the made-up study must hold two tasks"
    assert track(root, study).close(study)
    _, runs = runs_of(root)
    for trial in study.trials:
        task = trial.params["pretext"]
        grid = trial.params.get(f"pretext.{task}.grid")
        assert runs[trial.number].data.params["pretext"] == task
        assert runs[trial.number].data.params["pretext.grid"] == ("none" if grid is None else str(grid))


def test_what_other_trials_say_of_one_stands_in_its_run_and_so_does_its_cost(root: Path) -> None:
    study = make(root, COMPLETE, COMPLETE)
    told = replace(study.trials[0], epochs=tuple({**row, EPOCH_S: 36.0} for row in study.trials[0].epochs))
    study = with_trial(study, told)
    assert track(root, study).close(study, summaries={0: {"confirmed": 4.5, "confirmed_low": 4.0}})
    _, runs = runs_of(root)
    assert runs[0].data.metrics.items() >= {"confirmed": 4.5, "confirmed_low": 4.0}.items()
    assert curve(root, runs[0], "cost/hours")[:2] == [(1, pytest.approx(0.01)), (2, pytest.approx(0.02))]
    assert "confirmed" not in runs[1].data.metrics


def test_the_views_are_there_from_the_first_trial_on(root: Path) -> None:
    study = make(root, TrialState.RUNNING)
    mirror = Mirror(default_uri(root), study.name, "1234", root / "files")
    mirror.sync(study, study.trials[0], [time.time()] * len(study.trials[0].epochs))
    client = MlflowClient(default_uri(root))
    experiment = client.get_experiment_by_name(study.name)
    assert experiment is not None
    assert {"mlflow.sharedViewState.designs", "mlflow.sharedViewState.curves"} <= experiment.tags.keys()


def test_a_study_begins_with_its_verdict_and_no_confirmation_is_its_best(root: Path) -> None:
    study = make(root, COMPLETE, COMPLETE, COMPLETE, COMPLETE, COMPLETE)
    first = study.trials[0]
    lucky = replace(
        first,
        number=5,
        confirms=0,
        config=first.config.model_copy(update={"seed": 77}),
        epochs=({study.objective.name: 0.5},),
        objective=0.5,
    )
    study = replace(study, trials=(*study.trials, lucky))
    page = study.folder / "report.html"
    page.write_text("<!doctype html>")
    assert track(root, study).close(study, [page])
    parent, _ = runs_of(root)
    sentence = verdict_of(study).sentence
    text = parent.data.tags["mlflow.note.content"]
    assert (
        text.splitlines()[0] == f"**{markdown_text(sentence)}**" and parent.data.tags["verdict"] == sentence
    )
    address = f"#/experiments/{parent.info.experiment_id}/runs/{parent.info.run_id}/artifacts/report.html"
    assert f"]({address})" in text
    searched = [trial.objective for trial in study.searched if trial.objective is not None]
    assert parent.data.metrics["study/best"] == min(searched) > 0.5
    client = MlflowClient(default_uri(root))
    [again] = client.search_runs([parent.info.experiment_id], "tags.kind = 'confirmation'")
    assert again.info.run_name.startswith("05 confirms 00 seed=77 ")


def test_parent_holds_winner_note_and_files(root: Path) -> None:
    study = make(root, COMPLETE, PRUNED, COMPLETE, FAILED)
    space = root / "space.yaml"
    space.write_text("epochs: 10\n")
    assert track(root, study).close(study, [space])
    parent, _ = runs_of(root)
    best = study.best
    assert best is not None
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["study/best"] == best.objective
    assert parent.data.metrics["study/complete"] == 2
    assert f"| 1 | {best.number} | complete |" in parent.data.tags["mlflow.note.content"]
    client = MlflowClient(default_uri(root))
    files = {item.path for path in ("", "best") for item in client.list_artifacts(parent.info.run_id, path)}
    assert files >= {"space.yaml", "best/config.yaml", "best/best.pt"}
    weights = client.download_artifacts(parent.info.run_id, "best/best.pt", str(root))
    assert Path(weights).read_bytes() == b"weights %d" % best.number


def test_second_launch_changes_nothing_that_was_written(root: Path) -> None:
    study = make(root, COMPLETE, PRUNED, FAILED)
    for _ in range(3):
        assert track(root, study).close(study)
    _, runs = runs_of(root)
    assert len(runs) == 3
    for trial in study.trials:
        assert len(curve(root, runs[trial.number], study.objective.name)) == len(trial.epochs)


def test_killed_driver_goes_on_in_the_same_run(root: Path) -> None:
    study = make(root, COMPLETE, COMPLETE)
    whole = study.trials[1]
    started = with_trial(study, plausible.after(whole, 4))
    study_id = "1234"
    killed = Mirror(default_uri(root), study.name, study_id, root / "files")
    for trial in started.trials:
        killed.sync(started, trial, [time.time()] * len(trial.epochs))
    _, before = runs_of(root)
    assert before[1].info.status == "RUNNING"

    again = Mirror(default_uri(root), study.name, study_id, root / "files")
    for epochs in (4, 5, 9):
        again.sync(study, plausible.after(whole, epochs), [time.time()] * epochs)
    again.sync(study, whole, [time.time()] * 10)
    again.finish(study, [])
    _, after = runs_of(root)
    assert after[1].info.run_id == before[1].info.run_id
    assert [step for step, _ in curve(root, after[1], study.objective.name)] == list(range(1, 11))
    assert after[1].info.status == "FINISHED"


def test_interrupted_trial_is_killed_and_goes_on_later(root: Path) -> None:
    study = make(root, COMPLETE, COMPLETE)
    stopped = with_trial(study, plausible.after(study.trials[1], 3))
    assert track(root, stopped).close(stopped)
    parent, runs = runs_of(root)
    assert (runs[1].info.status, runs[1].data.tags["state"]) == ("KILLED", "interrupted")
    assert parent.info.status == "KILLED"
    assert track(root, study).close(study)
    parent, runs = runs_of(root)
    assert (runs[1].info.status, runs[1].data.tags["state"]) == ("FINISHED", "complete")
    assert parent.info.status == "FINISHED"
    assert len(curve(root, runs[1], study.objective.name)) == 10


def pretraining(state: TrialState, epochs: int) -> PretrainingRecord:
    return PretrainingRecord(
        name="rotation-2x2-0123456789ab",
        title="rotation 2x2",
        state=state,
        config={"key": "0123456789ab", "backbone": "resnet10", "image_px": 32, "schedule": {"cosine": {}}},
        epochs=tuple({"train/loss": 5.0 - epoch} for epoch in range(epochs)),
        seen_s=tuple(plausible.START_S + epoch for epoch in range(epochs)),
        reason="diverged at epoch 9" if state is FAILED else "",
        started_s=plausible.START_S,
        ended_s=None if state is RUNNING else plausible.START_S + 60,
        placement=None,
    )


def pretrainings_in(root: Path) -> list[Run]:
    client = MlflowClient(default_uri(root))
    experiments = [found.experiment_id for found in client.search_experiments()]
    return list(client.search_runs(experiments, "tags.kind = 'pretraining'"))


def test_a_pretraining_is_one_run_whichever_study_trains_it(root: Path) -> None:
    first, second = (make(root, COMPLETE, name=name) for name in ("first", "second"))
    trial = replace(first.trials[0], pretrained="rotation-2x2-0123456789ab")
    first, second = with_trial(first, trial), with_trial(second, replace(trial, folder=second.folder))
    tracker = track(root, first)
    for epochs in (0, 2, 2):
        tracker.sync_pretraining(pretraining(RUNNING, epochs))
    assert tracker.close(first)  # interrupted
    [run] = pretrainings_in(root)
    assert (run.info.status, run.data.tags["state"]) == ("KILLED", "interrupted")

    tracker = track(root, second)
    tracker.sync_pretraining(pretraining(RUNNING, 3))
    tracker.sync_pretraining(pretraining(COMPLETE, 5))
    assert tracker.close(second)
    [run] = pretrainings_in(root)
    assert (run.info.status, run.data.tags["state"]) == ("FINISHED", "complete")
    assert run.data.tags["mlflow.parentRunId"] == runs_of(root, "first")[0].info.run_id
    assert run.data.params["key"] == "0123456789ab" and run.data.params["schedule.cosine"] == "{}"
    assert curve(root, run, "train/loss") == [(epoch, 6.0 - epoch) for epoch in range(1, 6)]
    for study in ("first", "second"):
        tags = runs_of(root, study)[1][0].data.tags
        assert tags["pretrained"] == "rotation-2x2-0123456789ab"
        assert tags.get("pretrained.run_id", run.info.run_id) == run.info.run_id


def test_studies_of_one_name_do_not_mix(root: Path) -> None:
    first, second = make(root / "a", COMPLETE), make(root / "b", COMPLETE)
    for study in (first, second):
        assert track(root, study).close(study)
    client = MlflowClient(default_uri(root))
    experiment = client.get_experiment_by_name("demo")
    assert experiment is not None
    assert len(client.search_runs([experiment.experiment_id])) == 4


def test_run_made_twice_is_removed(root: Path) -> None:
    study = make(root, COMPLETE)
    assert track(root, study).close(study)
    _, runs = runs_of(root)
    client = MlflowClient(default_uri(root))
    client.create_run(runs[0].info.experiment_id, tags=runs[0].data.tags)
    assert track(root, study).close(study)
    runs_of(root)  # asserts one run per trial
    gone = client.search_runs([runs[0].info.experiment_id], run_view_type=ViewType.DELETED_ONLY)
    assert len(gone) == 1


def test_deleted_experiment_is_brought_back(root: Path) -> None:
    study = make(root, COMPLETE)
    assert track(root, study).close(study)
    client = MlflowClient(default_uri(root))
    client.delete_experiment(runs_of(root)[0].info.experiment_id)
    assert track(root, study).close(study)
    assert runs_of(root)[0].info.status == "FINISHED"


def test_search_does_not_wait_for_a_lost_server(root: Path) -> None:
    study = make(root, COMPLETE, COMPLETE)
    warnings: list[str] = []
    began_s = time.monotonic()
    tracker = track(root, study, uri="http://127.0.0.1:9", warn=warnings.append)
    assert time.monotonic() - began_s < 0.5
    assert not tracker.close(study, timeout_s=2.0)
    assert len(warnings) == 2 and "goes on" in warnings[0]
    assert warnings[1].endswith(f"To write it later: hpsearch track demo --root {root}")
    assert time.monotonic() - began_s < 20


def test_what_was_missed_is_written_when_mlflow_is_back(root: Path) -> None:
    study = make(root, COMPLETE, PRUNED)
    database, aside = root / "mlflow.db", root / "aside.db"
    database.rename(aside)
    database.mkdir()  # a folder where the database should be cannot be opened
    warnings: list[str] = []
    tracker = track(root, study, warn=warnings.append)
    deadline_s = time.monotonic() + 30
    while not warnings and time.monotonic() < deadline_s:
        time.sleep(0.05)
    database.rmdir()
    aside.rename(database)
    assert tracker.close(study)
    assert len(warnings) == 1
    _, runs = runs_of(root)
    assert {number: run.data.tags["state"] for number, run in runs.items()} == {0: "complete", 1: "pruned"}


def test_a_bug_of_our_own_ends_no_search_and_is_in_the_study_s_log(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, warnings = make(root, COMPLETE), list[str]()
    monkeypatch.setattr(Mirror, "sync", lambda *arguments: 1 / 0)
    tracker = track(root, study, warn=warnings.append)
    assert not tracker.close(study, timeout_s=1.0)
    assert "ZeroDivisionError" in warnings[0] and "a bug in hpsearch" in warnings[0]
    assert "division by zero" in (study.folder / LOG).read_text()


def shown_columns(study: StudyRecord) -> list[str]:
    tag = json.loads(views(study)["mlflow.sharedViewState.designs"])
    page = json.loads(zlib.decompress(base64.b64decode(tag["state"].removeprefix("deflate;"))))
    assert page["compareRunCharts"], "the charts are one click away"
    columns: list[str] = page["selectedColumns"]
    return columns


def test_why_trials_failed_and_what_all_cost_needs_one_click_at_most(root: Path) -> None:
    study = make(root, COMPLETE, COMPLETE, FAILED)
    assert shown_columns(study).index("tags.`reason`") == 2, "in sight"
    assert shown_columns(make(root / "other", COMPLETE)).index("tags.`reason`") > 4
    said = note(study)
    assert f"Trial 2 failed: {study.trials[2].reason}." in said
    assert "2 complete, 1 failed; 0." in said and "CPU hours in all" in said


def test_views_name_only_what_the_runs_hold(root: Path) -> None:
    study = make(root, *[COMPLETE] * 6, PRUNED)
    assert track(root, study).close(study)
    client = MlflowClient(default_uri(root))
    experiment = client.get_experiment_by_name("demo")
    assert experiment is not None
    _, runs = runs_of(root)
    held = {f"{kind}.`{name}`" for run in runs.values() for kind in ("params", "metrics", "tags")
            for name in getattr(run.data, kind)}  # fmt: skip
    tag = json.loads(experiment.tags["mlflow.sharedViewState.designs"])
    page = json.loads(zlib.decompress(base64.b64decode(tag["state"].removeprefix("deflate;"))))
    assert set(page["selectedColumns"]) <= held
    assert {"params.`pretext`", "params.`network.dropout`", "tags.`state`"} <= set(page["selectedColumns"])
    found = client.search_runs([experiment.experiment_id], page["searchFilter"])
    assert len(found) == len(study.trials)


def test_long_reasons_and_many_metrics_fit(root: Path) -> None:
    study = make(root, FAILED)
    row = dict(study.trials[0].epochs[0]) | {f"extra/metric_{i}": float(i) for i in range(60)}
    many = (row,) * 25
    trial = replace(study.trials[0], reason="x" * 9000, epochs=many)
    study = with_trial(study, trial)
    assert track(root, study).close(study)
    _, runs = runs_of(root)
    assert runs[0].data.tags["reason"] == "x" * 5000
    assert len(curve(root, runs[0], "extra/metric_59")) == len(many)


def test_importing_tracking_does_not_import_mlflow() -> None:
    code = "import sys, hpsearch.tracking, hpsearch.tracking.server; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=os.environ).returncode == 0
