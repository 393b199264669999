"""What a launch leaves: the leaderboard always, and of the winner what is there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from support import studies

from hpsearch.driver.outcome import write_outcome
from hpsearch.study.records import StudyRecord
from hpsearch.study.spec import StudySpec
from hpsearch.study.store import SPACE


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return studies.spec(tmp_path, "{sampler: random, pruner: none}")


@pytest.fixture
def record(tmp_path: Path, spec: StudySpec) -> StudyRecord:
    """A study with one finished trial, whose weights are there."""
    study = studies.open_in(tmp_path / "studies" / spec.name, spec)
    studies.train(study, study.ask())
    (trial,) = study.record().trials
    trial.folder.mkdir(parents=True)
    (trial.folder / "best.pt").write_bytes(b"weights")
    return study.record()


def test_the_winners_config_and_weights_lie_beside_the_leaderboard(record: StudyRecord) -> None:
    said: list[str] = []
    files = write_outcome(record, said.append)
    assert [file.name for file in files] == ["space.yaml", "leaderboard.csv", "best.yaml"]
    assert (record.folder / "best.pt").read_bytes() == b"weights"
    assert said == []


def test_a_space_that_somebody_removed_is_kept_again(record: StudyRecord) -> None:
    (record.folder / SPACE).unlink(missing_ok=True)
    write_outcome(record, print)
    assert (record.folder / SPACE).read_text() == record.spec.document.text != ""


def test_weights_that_a_power_cut_left_empty_are_no_winner_s(record: StudyRecord) -> None:
    (record.trials[0].folder / "best.pt").write_bytes(b"")
    said: list[str] = []
    write_outcome(record, said.append)
    assert not (record.folder / "best.pt").exists()
    assert said[0].startswith("the weights of the best trial, 0, are empty: ")


def test_weights_that_are_gone_are_said_and_the_leaderboard_is_written(
    record: StudyRecord, tmp_path: Path
) -> None:
    weights = record.trials[0].folder / "best.pt"
    weights.unlink()
    (record.folder / "best.pt").write_bytes(b"of an earlier winner")
    said: list[str] = []
    files = write_outcome(record, said.append)
    assert [file.name for file in files] == ["space.yaml", "leaderboard.csv", "best.yaml"]
    assert all(file.is_file() for file in files[1:])
    assert not (record.folder / "best.pt").exists()
    (line,) = said
    assert f"the weights of the best trial, 0, are gone: {weights}" in line
    words = shlex.split(line.rpartition(": ")[2])
    assert words[:4] == ["python", "-m", "trainables", str(record.folder / "best.yaml")]
    assert words[4:] == ["--root", str(tmp_path), "--weights", str(weights)]
