"""A long study is shown from what its driver kept: the same as from its journal, or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest
from support import studies
from support.searching import objective
from support.silent import Silent
from support.simulated import Simulated

from hpsearch.driver import conclusion
from hpsearch.driver.launch import launch
from hpsearch.driver.request import LaunchRequest
from hpsearch.driver.screen import Show
from hpsearch.results import kept, kept_board, overview
from hpsearch.results.kept_board import BOARD, keep_board, leaderboard_text
from hpsearch.results.leaderboard import render
from hpsearch.results.overview import OVERVIEW, find_overview, keep_overview, overview_of
from hpsearch.study.journal.journal import JOURNAL
from hpsearch.study.lock import study_lock
from hpsearch.study.records import LaunchRecord, StudyState
from hpsearch.study.spec import StudySpec
from hpsearch.study.store import find_study, keep_space
from hpsearch.study.study import Study
from hpsearch.work.resources import TrialResources

LAUNCH = LaunchRecord(8, None, None, in_parallel=2, began_s=1_790_000_000.0)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study that counts as a long one: two trials have ended, one runs."""
    monkeypatch.setattr(kept, "LONG_BYTES", 1)
    spec = studies.spec(tmp_path, "{name: demo, sampler: random, pruner: none}")
    folder = tmp_path / "studies" / "demo"
    made = studies.open_in(folder, spec)
    keep_space(spec, folder)
    made.launched(LAUNCH)
    for until in (9, 9, 4):
        studies.train(made, made.ask(), until=until)
    return made


def journal_is_read(monkeypatch: pytest.MonkeyPatch, root: Path) -> bool:
    """Say whether the next overview comes from the journal."""
    return bool(reads_of(monkeypatch, lambda: find_overview(root, "demo")))


def reads_of(monkeypatch: pytest.MonkeyPatch, look: Callable[[], object]) -> list[object]:
    """Return the studies that a look reads from a journal."""
    read: list[object] = []
    for module in (overview, kept_board):
        monkeypatch.setattr(module, "find_study", lambda *at: read.append(at) or find_study(*at))
    look()
    return read


def test_what_is_kept_says_what_the_journal_does(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_overview(study.folder, study.record)
    found = find_overview(tmp_path, "demo")
    read = overview_of(find_study(tmp_path, "demo"), time.time())
    assert found == replace(read, left=found.left)  # which depends on the time
    assert type(found.left) is type(read.left)
    assert (found.state, found.counts) == (StudyState.INTERRUPTED, {"complete": 2, "interrupted": 1})
    assert found.best is not None and found.epochs == 22
    with study_lock(study.folder):
        assert find_overview(tmp_path, "demo").running[0].epochs == 4
    assert not journal_is_read(monkeypatch, tmp_path)


def test_a_journal_that_was_written_since_is_read_unless_its_driver_keeps_up(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_overview(study.folder, study.record)
    study.ask()
    with study_lock(study.folder):
        assert not journal_is_read(monkeypatch, tmp_path)
        monkeypatch.setattr(overview, "FRESH_S", 0.0)
        assert journal_is_read(monkeypatch, tmp_path)
    assert journal_is_read(monkeypatch, tmp_path)
    assert find_overview(tmp_path, "demo").counts["interrupted"] == 2
    assert not journal_is_read(monkeypatch, tmp_path)  # who read it has kept it: nobody runs the study


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"journal": [1, 2]}', "\0"])
def test_what_cannot_be_read_is_as_if_it_had_not_been_kept(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (study.folder / OVERVIEW).write_text(content)
    assert journal_is_read(monkeypatch, tmp_path)


def test_nothing_is_kept_of_a_short_study(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LONG_BYTES", (study.folder / JOURNAL).stat().st_size + 1)
    keep_overview(study.folder, study.record)
    keep_board(study.folder, study.record)
    leaderboard_text(tmp_path, "demo")
    assert not (study.folder / OVERVIEW).exists() and not (study.folder / BOARD).exists()


def test_the_leaderboard_that_is_kept_is_that_of_the_journal_at_every_width(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_overview(study.folder, study.record)
    keep_board(study.folder, study.record)
    assert not reads_of(monkeypatch, lambda: leaderboard_text(tmp_path, "demo"))
    assert leaderboard_text(tmp_path, "demo") == render(find_study(tmp_path, "demo"), "table")
    with study_lock(study.folder):
        running = leaderboard_text(tmp_path, "demo")
        assert "is running: 3 trials so far, 1 of them now. The table is as of" in running
        study.ask()
        assert not reads_of(monkeypatch, lambda: leaderboard_text(tmp_path, "demo"))
        monkeypatch.setattr(kept_board, "FRESH_S", 0.0)
        assert reads_of(monkeypatch, lambda: leaderboard_text(tmp_path, "demo"))
    assert reads_of(monkeypatch, lambda: leaderboard_text(tmp_path, "demo"))
    assert not reads_of(monkeypatch, lambda: leaderboard_text(tmp_path, "demo"))
    (study.folder / BOARD).write_text('{"columns": 3}')
    assert leaderboard_text(tmp_path, "demo") == render(find_study(tmp_path, "demo"), "table")


class Watching(Silent):
    """Notes which files of a study are there as its trials change."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.there = folder, set[str]()

    @contextmanager
    def searching(self, spec: StudySpec, resources: TrialResources, concurrent: int) -> Iterator[Show]:
        yield lambda study, trial: self.there.update(path.name for path in self.folder.glob("*.json"))


def test_a_launch_keeps_both_while_it_runs_and_at_its_end(
    rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "LONG_BYTES", 1)
    monkeypatch.setattr(conclusion, "Tracker", lambda *_: Mock())  # MLflow, which takes most of the time
    shutil.copytree(rendered / "datasets", tmp_path / "datasets")
    space = tmp_path / "space.yaml"
    recipe = "{rendered-heads: {images: 48, subjects: 12, image_px: 32}}"
    text = studies.SPACE.replace("dataset: heads", f"dataset: {recipe}")
    space.write_text(f"{text}search: {{name: demo, sampler: random, pruner: none, budget: {{trials: 3}}}}\n")
    screen = Watching(tmp_path / "studies" / "demo")
    launch(LaunchRequest(space, tmp_path), screen, Simulated(objective(studies.value), slots=2))
    assert {OVERVIEW, BOARD} <= screen.there
    assert not reads_of(monkeypatch, lambda: leaderboard_text(tmp_path, "demo"))
    assert leaderboard_text(tmp_path, "demo") == render(find_study(tmp_path, "demo"), "table")
    assert find_overview(tmp_path, "demo").counts == {"complete": 3}
