"""A person's design in a study that exists."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import studies

from hpsearch.driver.allocation import Allocation, Budget
from hpsearch.lifecycle.enqueue import enqueue
from hpsearch.study.records import LaunchRecord
from hpsearch.study.requests import requested_designs
from hpsearch.study.store import find_study
from hpsearch.study.study import Study
from trainables.base.errors import InputError


def begun(root: Path, search: str) -> Study:
    folder = root / "studies" / "demo"
    return studies.open_in(folder, studies.spec(folder, search))


def design(folder: Path, text: str) -> Path:
    file = folder / "design.yaml"
    file.write_text(text)
    return file


def test_it_is_the_next_trial_and_those_of_the_file_follow(tmp_path: Path) -> None:
    search = "{name: demo, enqueue: [{pretext: none}, {pretext: rotation}], pruner: none}"
    study = begun(tmp_path, search)
    budget = Allocation(study, Budget(trials=4), kept=lambda number: False)
    first = budget.next_ask()
    assert first is not None and first.params["pretext"] == "none"
    wanted = design(tmp_path, "pretext: {puzzling: {grid: 3}}\nnetwork: {dropout: 0.2}\n")
    enqueue(find_study(tmp_path, "demo"), wanted)
    second, third = budget.next_ask(), budget.next_ask()
    assert second is not None and third is not None
    assert second.params == {"network.dropout": 0.2, "pretext": "puzzling", "pretext.puzzling.grid": 3}
    assert third.params["pretext"] == "rotation"
    assert study.exempt(second.number), "a person's own design is never stopped early"
    assert not requested_designs(study.folder)


def test_a_driver_that_died_as_it_took_a_design_takes_it_once(tmp_path: Path) -> None:
    study = begun(tmp_path, "{name: demo, pruner: none}")
    enqueue(find_study(tmp_path, "demo"), design(tmp_path, "pretext: none\n"))
    [request] = (study.folder / "requests").iterdir()
    kept = request.read_text()
    assert study.ask_requested() is not None
    request.write_text(kept)  # the driver died before it removed the file
    assert study.ask_requested() is None
    assert not request.exists()


@pytest.mark.parametrize(
    ("trials", "epochs", "option"),
    [(None, 18, "--epochs 27"), (2, None, "--trials 3"), (2, 26, "--trials 3 --epochs 27"), (3, 27, "")],
)
def test_what_a_spent_budget_has_no_room_for_is_said_with_the_way_out(
    trials: int | None, epochs: int | None, option: str, tmp_path: Path
) -> None:
    study = begun(tmp_path, "{name: demo, enqueue: [{pretext: none}, {pretext: rotation}], pruner: none}")
    study.launched(LaunchRecord(trials, epochs, None, in_parallel=2, began_s=0.0))
    budget = Budget(trials=trials, epochs=epochs)
    allocation = Allocation(study, budget, kept=lambda number: False)
    one, other = allocation.next_ask(), allocation.next_ask()
    assert one is not None and other is not None
    studies.train(study, one)
    allocation.ended(one.number)
    said = enqueue(find_study(tmp_path, "demo"), design(tmp_path, "pretext: puzzling\n"))
    assert option in said and ("no room for it" in said) == bool(option)
    assert (allocation.next_ask() is None) == bool(option)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("network: {dropout: 0.9}\n", r":1: network.dropout: 0.9 lies outside \[0, 0.5\]"),
        ("pretext: {rotation: {flag: {int: [2, 3]}}}\n", "a design has no hole"),
        ("epochz: 3\n", "the space does not set this key .did you mean 'epochs'"),
        ("epochs: 3\n", "the space fixes this to 9, got 3"),
    ],
)
def test_a_design_that_the_space_has_not_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    study = begun(tmp_path, "{name: demo}")
    with pytest.raises(InputError, match=fault):
        enqueue(find_study(tmp_path, "demo"), design(tmp_path, text))
    assert not requested_designs(study.folder)


def test_a_grid_has_every_design_already(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "demo"
    space = "data: {train: {dataset: heads}}\nepochs: 9\npretext: {choice: [none, puzzling]}\n"
    studies.open_in(folder, studies.spec(folder, "{name: demo, sampler: grid}", space))
    with pytest.raises(InputError, match="tries its whole grid"):
        enqueue(find_study(tmp_path, "demo"), design(tmp_path, "pretext: none\n"))
