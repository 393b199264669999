"""Searches with several objectives and with bounds of costs: no Ray, no training, no network."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support import studies
from support.searching import Searching
from support.simulated import Simulated
from support.toy import prepared_blobs

from hpsearch.cli.main import main
from hpsearch.driver.allocation import Budget
from hpsearch.plan.networks import networks_text
from hpsearch.report.page import render
from hpsearch.report.report import Report
from hpsearch.results.leaderboard import board_of, records
from hpsearch.results.pareto import pareto_front
from hpsearch.study.opening import read_study
from hpsearch.study.records import TrialState
from hpsearch.study.spec import StudySpec
from hpsearch.study.store import find_study
from hpsearch.tracking.location import STORE
from hpsearch.tracking.rows import epoch_rows
from trainables.training.config import TrainConfig

PARAMETERS, LATENCY = "cost/parameters", "cost/latency_ms"
MILLIONS = {"ResNet10Config": 4.9, "ResNet18Config": 11.2, "ResNet34Config": 21.3}
SPACE = f"""\
data: {{train: {{dataset: heads}}, image_px: {{choice: [32, 48, 64, 96, 128]}}}}
epochs: {studies.EPOCHS}
network:
  backbone: {{choice: [resnet10, resnet18, resnet34]}}
  dropout: {{float: [0.0, 0.5]}}
"""
SMALL = f"constraints: {{{PARAMETERS}: {{max: 5e6}}}}"


def costs(config: TrainConfig) -> dict[str, float]:
    millions = MILLIONS[type(config.network.backbone).__name__]
    return {PARAMETERS: 1e6 * millions, LATENCY: millions * (config.data.image_px / 64) ** 2}


def curve(design: studies.Design, epoch: int) -> dict[str, float]:
    """Return an error that is the lower, the more a network computes, and least at a dropout of 0.3."""
    config = design.config
    error = 2.0 + 20 / costs(config)[LATENCY] ** 0.5 + 4 * abs(config.network.dropout - 0.3) + 8 / epoch
    return {studies.OBJECTIVE: error}


def searching(folder: Path, search: str, trials: int, space: str = SPACE) -> Searching:
    spec: StudySpec = studies.spec(folder, f"{{pruner: none, {search}}}", space)
    wanted = {metric.name for metric in spec.costs}

    def known(config: TrainConfig) -> dict[str, float]:
        return {name: cost for name, cost in costs(config).items() if name in wanted}

    return Searching(folder, spec, Simulated(curve, slots=2), Budget(trials=trials), costs=known)


def designs(made: Searching) -> list[dict[str, object]]:
    return [dict(trial.params) for trial in made.record().trials]


def test_a_design_above_a_bound_trains_no_epoch_and_costs_no_budget(tmp_path: Path) -> None:
    made = searching(tmp_path, SMALL, trials=12)
    made.run()
    record = made.record()
    assert [trial.state for trial in record.trials] == [TrialState.COMPLETE] * 12
    assert {type(trial.config.network.backbone).__name__ for trial in record.trials} == {"ResNet10Config"}
    assert {trial.costs[PARAMETERS] for trial in record.trials} == {4.9e6}
    assert made.study.refused > 0, "else the space has nothing to refuse"
    assert made.study.epochs_trained == len(made.trained) == 12 * studies.EPOCHS


def test_the_sampler_learns_to_keep_a_bound(tmp_path: Path) -> None:
    refused = {}
    for sampler in ("random", "tpe"):
        made = searching(tmp_path / sampler, f"sampler: {sampler}, {SMALL}", trials=30)
        made.run()
        refused[sampler] = made.study.refused
    assert refused["random"] > 30, "two of three networks are too large"
    assert refused["tpe"] < refused["random"] / 2


def test_a_search_that_finds_nothing_below_a_bound_ends_and_says_so(tmp_path: Path) -> None:
    made = searching(tmp_path, f"constraints: {{{PARAMETERS}: {{max: 1e6}}}}", trials=5)
    assert made.run()
    assert made.record().trials == () and made.trained == []
    [said] = [text for text in made.said if "constraints" in text]
    assert "cost/parameters is" in said and "at most 1.00 million" in said
    assert said.endswith("the search ends after 0 trials")


def test_a_grid_leaves_out_what_is_above_a_bound(tmp_path: Path) -> None:
    space = SPACE.replace("dropout: {float: [0.0, 0.5]}", "dropout: 0.0")
    made = searching(tmp_path, f"sampler: grid, {SMALL}", trials=15, space=space)
    made.run()
    assert [trial.config.data.image_px for trial in made.record().trials] == [32, 48, 64, 96, 128]
    assert made.study.refused == 10
    assert any("every design that keeps search.constraints has been tried" in text for text in made.said)


def test_a_design_of_ones_own_above_a_bound_is_named(tmp_path: Path) -> None:
    own = "enqueue: [{network: {backbone: resnet18, dropout: 0.1}, data: {image_px: 64}}]"
    made = searching(tmp_path, f"{SMALL}, {own}", trials=3)
    made.run()
    assert len(made.record().trials) == 3
    said = "not trained: design 1 of search.enqueue: cost/parameters is 11.20 million, at most 5.00 million"
    assert said in made.said


def test_the_study_is_the_same_wherever_the_driver_is_killed(tmp_path: Path) -> None:
    own = "enqueue: [{network: {backbone: resnet34, dropout: 0.1}, data: {image_px: 64}}]"
    two = f"objectives: [{studies.OBJECTIVE}, {LATENCY}]"
    search = f"{two}, {SMALL}, {own}, sampler: {{tpe: {{startup_trials: 2}}}}"
    whole = searching(tmp_path / "whole", search, trials=4)
    whole.backend.slots = 1
    whole.run()
    lines = (whole.folder / "study.journal").read_text().count("\n")
    for line in range(1, lines, 4):
        made = searching(tmp_path / str(line), search, trials=4)
        made.backend.slots = 1
        made.run(lines=line)
        made.open()
        assert made.run()
        assert designs(made) == designs(whole), f"killed after line {line}"
        assert all(trial.costs.keys() == {LATENCY, PARAMETERS} for trial in made.record().trials)
        assert made.study.epochs_trained == whole.study.epochs_trained


def test_two_objectives_find_more_of_the_front_than_one(tmp_path: Path) -> None:
    fast = {}
    for name, search in {
        "one": f"objective: {studies.OBJECTIVE}, constraints: {{{LATENCY}: {{max: 1000}}}}",
        "two": f"objectives: [{studies.OBJECTIVE}, {LATENCY}]",
    }.items():
        made = searching(tmp_path / name, search, trials=40)
        made.run()
        fast[name] = sum(trial.costs[LATENCY] < 10 for trial in made.record().trials)
    assert fast["two"] > 1.5 * fast["one"]


def test_costs_stand_on_the_leaderboard_and_the_front_below_it(tmp_path: Path) -> None:
    made = searching(tmp_path, f"objectives: [{studies.OBJECTIVE}, {LATENCY}]", trials=10)
    made.run()
    record = read_study(tmp_path, made.spec)
    assert [row[LATENCY] for row in records(record)] == [
        trial.costs[LATENCY] for trial in record.leaderboard()
    ]
    text = board_of(record).verdict
    assert "The front of 10 designs" in text
    assert "Best " in text and " ms latency" in text
    first, second = epoch_rows(record, record.trials[0])[:2]
    assert first[LATENCY] == record.trials[0].costs[LATENCY] and LATENCY not in second
    rendered = render(Report(record))
    assert rendered.faults == () and "<h2>The front</h2>" in rendered.html and '"front-0":' in rendered.html


def test_a_space_says_what_its_networks_have_before_a_launch(tmp_path: Path) -> None:
    text = networks_text(searching(tmp_path, SMALL, trials=1).spec)
    assert text.startswith("15 networks; 5.01 million to 21.")
    assert text.endswith("; 0 of 15 with at most 5.00 million parameters")


def test_a_launch_counts_what_networks_have_and_trains_those_below_a_bound(
    tmp_path: Path, empty_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copyfile(empty_store, tmp_path / STORE)
    prepared_blobs(tmp_path / "datasets" / "heads", splits=("train", "validation"), count=8)
    space = tmp_path / "counted.yaml"
    space.write_text(
        "data: {train: {dataset: heads}, image_px: 32, batch: 4}\nepochs: 1\nhead: regression\n"
        "network: {backbone: {choice: [resnet10, resnet18]}}\n"
        f"search: {{objectives: [{studies.OBJECTIVE}, cost/flops], {SMALL}, sampler: grid}}\n"
    )
    assert main(["launch", str(space), "--root", str(tmp_path), "--in-process"]) == 0
    [trial] = find_study(tmp_path, "counted").trials
    assert trial.costs[PARAMETERS] == 4_907_331 and trial.costs["cost/flops"] > 2 * 4_907_331
    said = " ".join(capsys.readouterr().out.split())
    assert "every design that keeps search.constraints has been tried: the search ends after 1 trials" in said
    assert "The front" not in said, "of one design there is none"


@pytest.mark.parametrize("objectives", ["", f"objectives: [{studies.OBJECTIVE}, {LATENCY}], "])
def test_trials_go_on_by_the_error_alone(tmp_path: Path, objectives: str) -> None:
    spec = studies.spec(
        tmp_path, f"{{{objectives}sampler: random, pruner: {{successive_halving: {{}}}}}}", SPACE
    )
    made = Searching(tmp_path, spec, Simulated(curve), Budget(trials=9), costs=lambda config: {LATENCY: 1.0})
    made.run()
    found = [(trial.state, len(trial.epochs)) for trial in made.record().trials]
    plain = studies.spec(tmp_path / "plain", "{sampler: random, pruner: {successive_halving: {}}}", SPACE)
    other = Searching(tmp_path / "plain", plain, Simulated(curve), Budget(trials=9))
    other.run()
    assert found == [(trial.state, len(trial.epochs)) for trial in other.record().trials]


def test_a_long_search_forgets_nothing_of_the_front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = searching(tmp_path, f"objectives: [{studies.OBJECTIVE}, {LATENCY}], sampler: random", trials=40)
    monkeypatch.setattr(made.study._experience, "_best", 2)
    monkeypatch.setattr(made.study._experience, "_latest", 2)
    made.run()
    shown = {(trial.values[0], trial.values[1]) for trial in made.study._learned()}
    points = [(trial.objective or 0.0, trial.costs[LATENCY]) for trial in made.record().trials]
    front = {points[place] for place in pareto_front(points)}
    assert front <= shown and len(shown) <= len(front) + 4 < 20


def test_a_study_remembers_the_machine_of_its_first_latencies(tmp_path: Path) -> None:
    made = searching(tmp_path, f"objectives: [{studies.OBJECTIVE}, {LATENCY}]", trials=1)
    assert made.study.latencies_measured_on("one CPU") == "one CPU"
    made.open()
    assert made.study.latencies_measured_on("another CPU") == made.record().latency_machine == "one CPU"
