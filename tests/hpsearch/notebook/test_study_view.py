"""Studies in Python: the package's face, tables, and what a notebook shows."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
from support import plausible

import hpsearch
from hpsearch.driver.request import LaunchRequest
from hpsearch.notebook.study_view import SHOWN_ROWS, StudyView
from hpsearch.study.folders import studies_folder
from hpsearch.study.opening import open_study
from hpsearch.study.records import Provenance, StudyRecord, TrialState
from hpsearch.study.spec import load_spec
from hpsearch.study.store import SPACE, find_study
from trainables.base.errors import InputError
from trainables.base.root import ROOT_VARIABLE

SPACE_TEXT = """
data: {train: {dataset: rendered-heads}, image_px: 32}
network: {backbone: resnet10, dropout: {float: [0.0, 0.5]}}
head: regression
pretext: {choice: [none, puzzling: {flag: {choice: [3, 4]}}]}
epochs: 3
search: {name: small, enqueue: [{pretext: none}, {pretext: {puzzling: {flag: 4}}}]}
"""


def test_a_study_on_disk_is_read_as_tables(tmp_path: Path) -> None:
    folder = studies_folder(tmp_path) / "small"
    folder.mkdir(parents=True)
    (folder / SPACE).write_text(SPACE_TEXT)
    opened = open_study(folder, load_spec(folder / SPACE), Provenance(20.0, {}, "1"))
    for number, epochs in enumerate((3, 2)):
        ask = opened.ask()
        for epoch in range(1, epochs + 1):
            opened.report(ask.number, epoch, {"validation/mae_deg": 10.0 + number - epoch, "train/loss": 1.0})
    opened.complete(0)
    study = hpsearch.read_study("small", tmp_path)
    table = study.trials()
    assert table.index.tolist() == [0, 1] and table.index.name == "trial"
    assert table["state"].tolist() == ["complete", "interrupted"]
    assert table["objective"].tolist() == [7.0, 9.0]
    assert table["params.pretext"].tolist() == ["none", "puzzling"]
    assert pd.isna(table.loc[0, "params.pretext.flag"]) and table.loc[1, "params.pretext.flag"] == 4
    assert table["validation/mae_deg"].tolist() == [7.0, 9.0] and table["epochs_done"].tolist() == [3, 2]
    assert str(table["started"].dt.tz) == "UTC" and table["seconds"].isna().tolist() == [False, True]
    assert table["confirms"].isna().all() and table["seed"].tolist() == [0, 0]
    epochs_table = study.epochs()
    assert epochs_table[["trial", "epoch"]].to_numpy().tolist() == [[0, 1], [0, 2], [0, 3], [1, 1], [1, 2]]
    assert epochs_table.pivot(index="epoch", columns="trial", values="validation/mae_deg")[0].tolist() == [
        9,
        8,
        7,
    ]
    assert repr(study) == "<study 'small': 2 trials, validation/mae_deg>"
    assert study.record == find_study(tmp_path, "small")


def test_tables_of_a_study_that_has_just_begun(tmp_path: Path) -> None:
    tables = StudyView(plausible.study(tmp_path, ()))
    assert tables.trials().empty and tables.epochs().empty
    assert "state" in tables.trials() and "epoch" in tables.epochs()


def test_an_unknown_study_names_those_that_are(tmp_path: Path) -> None:
    folder = studies_folder(tmp_path) / "small"
    folder.mkdir(parents=True)
    (folder / SPACE).write_text(SPACE_TEXT)
    with pytest.raises(InputError, match=r"no study 'smal' .*did you mean 'small'\?"):
        hpsearch.read_study("smal", tmp_path)


def test_importing_loads_nothing_and_says_nothing() -> None:
    code = "import sys; before = set(sys.modules); import hpsearch; print(sorted(set(sys.modules) - before))"
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stderr == ""
    loaded = {name.partition(".")[0].strip("[]'\" ") for name in answer.stdout.split(",")}
    assert "hpsearch" in loaded
    assert not loaded & {"torch", "numpy", "pandas", "ray", "optuna", "mlflow", "pydantic", "trainables"}


def test_the_root_is_the_command_line_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = studies_folder(tmp_path) / "small"
    folder.mkdir(parents=True)
    (folder / SPACE).write_text(SPACE_TEXT)
    open_study(folder, load_spec(folder / SPACE), Provenance(20.0, {}, "1"))
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    assert [study.name for study in hpsearch.studies()] == ["small"]
    assert hpsearch.read_study("small").record == find_study(tmp_path, "small")


def test_the_version_is_the_package_s() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert hpsearch.__version__ == project["version"]
    with pytest.raises(AttributeError, match="no attribute 'versoin'"):
        _ = hpsearch.versoin  # type: ignore[attr-defined]


def test_a_wrong_space_raises_with_every_fault_before_anything_starts(tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text("data: {train: {dataset: rendered-heads}}\nepochs: 0\noptimiser: sgd\n")
    with pytest.raises(InputError) as raised:
        hpsearch.launch(space, tmp_path / "runs")
    assert {fault.where for fault in raised.value.faults} == {"epochs", "optimiser"}
    assert not (tmp_path / "runs").exists()


def test_a_launch_outside_the_main_thread_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """Ctrl-C and `hpsearch stop` reach the main thread alone, and signals can be handled in no other."""
    space = Path(__file__).parents[3] / "search_spaces" / "quickstart.yaml"
    with ThreadPoolExecutor(1) as thread:
        launched = thread.submit(hpsearch.launch, space, tmp_path / "runs", in_process=True)
        with pytest.raises(InputError, match="launch from the main thread"):
            launched.result()
    assert not (tmp_path / "runs").exists()


def test_a_launch_from_python_may_join_a_cluster_that_needs_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the refusal of one proposes."""
    asked: list[LaunchRequest] = []

    def launched(request: LaunchRequest, *_: object) -> StudyRecord:
        asked.append(request)
        return plausible.study(tmp_path, [TrialState.COMPLETE])

    monkeypatch.setattr("hpsearch.driver.launch.launch", launched)
    hpsearch.launch("space.yaml", tmp_path, address="auto", without_token=True)
    assert asked == [LaunchRequest(Path("space.yaml"), tmp_path, address="auto", without_token=True)]


def test_a_notebook_shows_the_verdict_and_the_best_trials(tmp_path: Path) -> None:
    view = StudyView(plausible.study(tmp_path, [TrialState.COMPLETE] * (SHOWN_ROWS + 2)))
    best = view.best
    assert best is not None and best.number == view.leaderboard()["trial"][0]
    page = view._repr_html_()
    assert page.count("<tr") == 1 + SHOWN_ROWS and "and 2 more" in page
    assert view.verdict and view.verdict.split(".")[0] in page


def test_its_charts_stand_alone(tmp_path: Path) -> None:
    view = StudyView(plausible.study(tmp_path, [TrialState.COMPLETE] * 6))
    charts = [view.plot.curves(), view.plot.parallel(), *view.plot.slices()]
    assert len(charts) > 3
    for chart in charts:
        assert [row["trial"] for row in chart.spec["datasets"]["trials"]] == list(range(6))
    charts[0].save(tmp_path / "curves.svg")
    drawing = (tmp_path / "curves.svg").read_text()
    assert drawing.startswith("<svg") and "Learning curves" in drawing and "puzzling" in drawing
    bundle = charts[1]._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Parallel coordinates of 6 trials")
    with pytest.raises(InputError, match="too few trials"):
        StudyView(plausible.study(tmp_path, ())).plot.curves()
