"""Where MLflow is: what the space and the environment say, and a root that was moved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient
from support import plausible, spaces

from hpsearch.study.records import TrialState
from hpsearch.tracking.location import (
    STORE,
    artifacts_folder,
    default_uri,
    relocate,
    tracking_uri,
    without_password,
)
from hpsearch.tracking.tracker import Tracker


def test_the_space_comes_before_the_environment_and_that_before_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert tracking_uri(tmp_path) == default_uri(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://lab:5000")
    assert tracking_uri(tmp_path) == "http://lab:5000"
    assert tracking_uri(tmp_path, "http://own:5000") == "http://own:5000"


@pytest.mark.parametrize(
    ("uri", "rule"),
    [
        ("http://me:secret@lab:5000", "must hold no user and no password"),
        ("postgresql://lab/mlflow", "must be the address of an MLflow server"),
        ("lab:5000", "must be the address of an MLflow server"),
    ],
)
def test_a_space_names_a_server_and_no_secret(tmp_path: Path, uri: str, rule: str) -> None:
    [fault] = spaces.faults(tmp_path, f"search: {{tracking: '{uri}'}}")
    assert rule in fault.message
    assert fault.where == "search.tracking"


def test_a_password_is_never_shown() -> None:
    assert without_password("postgresql://me:secret@lab:5432/mlflow") == "postgresql://lab:5432/mlflow"
    assert without_password("sqlite:////root/mlflow.db") == "sqlite:////root/mlflow.db"


def test_a_root_that_was_moved_has_its_files_and_takes_new_ones(tmp_path: Path, empty_store: Path) -> None:
    first, moved = tmp_path / "a root", tmp_path / "moved"
    first.mkdir()
    shutil.copyfile(empty_store, first / STORE)
    study = plausible.study(first / "studies" / "my demo", [TrialState.COMPLETE], name="my demo")
    tracker = Tracker(default_uri(first), study.name, study.folder, artifacts_folder(first), pytest.fail)
    tracker.sync(study, study.trials[0])
    assert tracker.close(study)
    assert not relocate(first)
    first.rename(moved)
    assert relocate(moved)
    assert not relocate(moved)
    client = MlflowClient(default_uri(moved))
    experiment = client.get_experiment_by_name("my demo")
    assert experiment is not None
    here = artifacts_folder(moved).as_uri()
    for run in client.search_runs([experiment.experiment_id]):
        assert str(run.info.artifact_uri).startswith(here)
        names = [file.path for file in client.list_artifacts(run.info.run_id)]
        assert names == (["config.yaml"] if run.data.tags["kind"] == "trial" else ["best"])
    new = client.create_run(experiment.experiment_id)
    assert str(new.info.artifact_uri).startswith(here)


def test_a_store_whose_files_lie_elsewhere_stays_as_it_is(tmp_path: Path, empty_store: Path) -> None:
    shutil.copyfile(empty_store, tmp_path / STORE)
    client = MlflowClient(default_uri(tmp_path))
    client.create_experiment("demo", artifact_location="file:///bucket/demo")
    assert not relocate(tmp_path)
