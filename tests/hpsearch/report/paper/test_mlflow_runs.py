"""The paper's rows in a real MLflow store, beside a study's own runs."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from support import made_up_arms as made_up

from hpsearch.report.paper.mlflow_runs import log_paper
from hpsearch.study.records import StudyRecord
from hpsearch.tracking.location import STORE, default_uri
from hpsearch.tracking.mirror import Mirror
from trainables.base.errors import InputError


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    root = tmp_path_factory.mktemp("root")
    shutil.copyfile(empty_store, root / STORE)
    return root


def study_named(root: Path, name: str) -> StudyRecord:
    study = made_up.table("table4_without_heads_heads", lambda config: 6.0 + 0.1 * config.seed, 3)
    return replace(study, name=name, folder=root / "studies" / name)


def runs_of(root: Path, name: str) -> list[Run]:
    client = MlflowClient(default_uri(root))
    experiment = client.get_experiment_by_name(name)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def test_rows_stand_beside_the_trials_once_however_often_they_are_put(root: Path) -> None:
    study = study_named(root, "demo")
    mirror = Mirror(default_uri(root), "demo", "id", root / "files")
    for trial in study.trials:
        mirror.sync(study, trial, [1.0] * len(trial.epochs))
    before = {run.info.run_id for run in runs_of(root, "demo")}
    assert log_paper(study, root) == "3 rows of the paper stand in MLflow beside the trials, 3 of them new"
    assert log_paper(study, root) == "3 rows of the paper stand in MLflow beside the trials, 0 of them new"
    added = [run for run in runs_of(root, "demo") if run.info.run_id not in before]
    assert {run.data.tags["source"] for run in added} == {"paper"}
    best = next(run for run in added if run.data.tags["hpsearch.reference"] == "paper 4.3")
    assert best.info.status == "FINISHED"
    assert best.data.metrics == pytest.approx(
        {
            "validation/mae_deg": 4.74,
            "validation/yaw_mae_deg": 3.874,
            "validation/pitch_mae_deg": 5.929,
            "validation/roll_mae_deg": 4.416,
        }
    )
    assert (best.data.params["pretext"], best.data.params["pretext.grid"]) == ("puzzling", "3")
    again = Mirror(default_uri(root), "demo", "id", root / "files")
    again.sync(study, study.trials[0], [1.0] * 3)
    assert len(runs_of(root, "demo")) == len(before) + 3


def test_a_study_without_an_experiment_is_refused(root: Path) -> None:
    with pytest.raises(InputError, match="no experiment"):
        log_paper(study_named(root, "other"), root)


def test_a_study_that_repeats_no_table_adds_nothing(root: Path) -> None:
    study = made_up.study([made_up.trial(0, made_up.config(), 5.0)])
    assert "repeats no table" in log_paper(study, root)
