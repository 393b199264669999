from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from support import plausible

from hpsearch.cli.live_table import progress
from hpsearch.cli.study_text import status
from hpsearch.report.report import Report
from hpsearch.report.sections.page_top import page_top
from hpsearch.results.formats import duration
from hpsearch.results.leaderboard import render, table
from hpsearch.results.overview import overview_of
from hpsearch.results.time_left import Plan
from hpsearch.study.naming import rows, run_name, short_names
from hpsearch.study.records import LaunchRecord, StudyRecord, TrialState

COMPLETE, PRUNED, FAILED, RUNNING = (
    TrialState.COMPLETE,
    TrialState.PRUNED,
    TrialState.FAILED,
    TrialState.RUNNING,
)


@pytest.fixture
def study(tmp_path: Path) -> StudyRecord:
    return plausible.study(
        tmp_path, [COMPLETE, PRUNED, COMPLETE, FAILED, COMPLETE, PRUNED, COMPLETE, RUNNING]
    )


def on_screen(study: StudyRecord, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table(study, width))
    return console.export_text()


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_table_fits_and_keeps_what_matters(study: StudyRecord, width: int) -> None:
    text = on_screen(study, width)
    assert max(map(len, text.splitlines())) <= width
    header, _, *lines = [line for line in text.splitlines() if line.strip()]
    assert "trial" in header and "mae_deg" in header
    assert sum(state in text for state in ("complete", "pruned", "failed", "running")) == 4
    assert "…" not in "".join(
        line for line in lines[: len(study.trials)] if "failed" not in line and "pruned" not in line
    )
    best = study.best
    assert best is not None and f"{best.objective:.2f}" in lines[0]


def test_wider_screens_show_more(study: StudyRecord) -> None:
    narrow, wide = on_screen(study, 100), on_screen(study, 200)
    for title in ("geodesic", "yaw", "pitch", "roll", "time", "reason"):
        assert title in wide
    assert "reason" not in narrow and "ssl_weight" in narrow


def test_table_says_what_the_best_is_worth(study: StudyRecord) -> None:
    best = study.best
    assert best is not None and best.objective is not None
    text = " ".join(on_screen(study, 200).split())
    assert "Always guessing the mean pose gives 19.40" in text
    assert f"ratio {best.objective / 19.4:.2f}" in text


def test_where_the_training_mean_measures_nothing_no_ratio_is_said(study: StudyRecord) -> None:
    """Of a share that is the better the larger, always guessing the mean may have 0."""
    nothing = replace(study, provenance=replace(study.provenance, training_mean=0.0))
    overview = overview_of(nothing, 0.0)
    assert overview.best is not None and overview.best.ratio is None
    live = progress(nothing, Plan(trials=9, in_parallel=1), 0.0)
    assert [text.count("(trial") for text in live if text.startswith("best ")] == [1]
    top = page_top(Report(nothing), (), None)
    assert [figure.remark for figure in top.figures if figure.name.startswith("always")] == [""]
    said = [on_screen(nothing, 200), *live, status(overview, Path("nowhere"), 80, 0.0), str(top.figures)]
    assert "gives 0.00." in said[0] and not any(re.search(r"\bnan\b|None", text) for text in said)
    assert json.loads(render(nothing, "json"))["best_over_training_mean"] is None


def test_study_without_a_finished_trial(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [PRUNED, FAILED])
    assert "No trial has finished." in on_screen(study, 100)
    assert json.loads(render(study, "json"))["best"] is None
    assert "No trial has finished." in on_screen(replace(study, trials=()), 100)
    assert render(replace(study, trials=()), "csv").strip() == ""


def test_csv_and_json_hold_the_record(study: StudyRecord) -> None:
    from_csv = list(csv.DictReader(io.StringIO(render(study, "csv"))))
    from_json = json.loads(render(study, "json"))
    assert [int(row["trial"]) for row in from_csv] == [trial.number for trial in study.leaderboard()]
    assert [row["trial"] for row in from_json["trials"]] == [trial.number for trial in study.leaderboard()]
    for row, plain, trial in zip(from_csv, from_json["trials"], study.leaderboard(), strict=True):
        values = [metrics[study.objective.name] for metrics in trial.epochs]
        assert float(row["best"]) == plain["best"] == min(values)
        assert int(row["best_epoch"]) == values.index(min(values)) + 1
        assert plain["objective"] == trial.objective
        assert row["state"] == trial.state.value
        for metric, value in trial.epochs[-1].items():
            assert float(row[metric]) == value
        for path, value in trial.shared_params.items():
            assert row[f"params.{path}"] == str(value)
    assert from_json["training_mean"] == 19.4


def test_numbers_that_are_not_finite_are_valid_json(study: StudyRecord) -> None:
    trial = study.trials[0]
    broken = replace(trial, epochs=({**trial.epochs[0], "train/loss": float("nan")},))
    text = render(replace(study, trials=(broken,)), "json")
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name))["trials"][0]["train/loss"] is None


def test_output_for_a_pipe_is_plain_text(study: StudyRecord) -> None:
    text = render(study, "table")
    assert "\x1b" not in text and text.endswith("\n")


def test_exclusive_variants_share_a_short_name_and_equal_ends_keep_their_path(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [COMPLETE] * 8)
    assert short_names(study.trials)["pretext.grid"] == "grid"
    first = study.trials[0]
    task = first.params["pretext"]
    clash = replace(first, params={**first.params, f"pretext.{task}.dropout": 0.1})
    names = short_names([clash])
    assert {"network.dropout", "pretext.dropout"} <= set(names.values())
    assert names["pretext"] == "pretext"


def test_run_name_says_the_design(tmp_path: Path) -> None:
    trial = plausible.study(tmp_path, [COMPLETE]).trials[0]
    params = {"pretext": "puzzling", "pretext.puzzling.grid": 3, "pretext.puzzling.ssl_weight": 12.3456}
    config = plausible.config_of("puzzling", {"grid": 3}, 0.4, 10)
    trial = replace(trial, number=7, params={**params, "network.dropout": 0.4}, config=config)
    assert run_name(trial, short_names([trial])) == "07 puzzling grid=3 ssl_weight=12.3 dropout=0.4"


def test_rows_name_variants_and_their_settings() -> None:
    found = {row.path: row for row in rows(plausible.config_of("puzzling", {"grid": 3}, 0.4, 10))}
    assert found["pretext"].text == "puzzling"
    assert (found["pretext.puzzling.grid"].text, found["pretext.puzzling.grid"].shared) == (
        "3",
        "pretext.grid",
    )
    assert found["clip_norm"].text == "null"
    assert found["network.dropout"].shared == "network.dropout"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1:00"), (185, "3:05"), (7800, "2:10:00")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_where_all_trials_failed_it_says_so_and_why(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [FAILED, FAILED])
    text = " ".join(on_screen(study, 200).split())
    assert "No trial has finished. There is nothing to compare. 2 of 2 trials failed, the last for" in text
    assert study.trials[-1].reason in text and f"hpsearch logs {study.name}" in text


def test_a_study_that_was_interrupted_says_how_to_go_on(study: StudyRecord) -> None:
    sentence = "The study was interrupted: launch its file again, and it goes on."
    left = LaunchRecord(None, 9, None, 1, began_s=0.0)
    assert sentence in on_screen(replace(study, launch=left), 200)
    assert sentence not in on_screen(replace(study, launch=replace(left, ended_s=1.0)), 200)
