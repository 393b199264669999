"""How a long study stands is read from what its driver kept: the same as from its journal, or not at all."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from support import studies

from hpsearch.results import overview
from hpsearch.results.overview import OVERVIEW, find_overview, keep_overview, overview_of
from hpsearch.study.journal.journal import JOURNAL
from hpsearch.study.lock import study_lock
from hpsearch.study.records import LaunchRecord, StudyState
from hpsearch.study.store import find_study, keep_space
from hpsearch.study.study import Study

LAUNCH = LaunchRecord(8, None, None, in_parallel=2, began_s=1_790_000_000.0)


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A study that counts as a long one: two trials have ended, one runs."""
    monkeypatch.setattr(overview, "LONG_BYTES", 1)
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
    read = []
    monkeypatch.setattr(overview, "find_study", lambda *at: read.append(at) or find_study(*at))
    find_overview(root, "demo")
    return bool(read)


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


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"journal": [1, 2]}', "\0"])
def test_what_cannot_be_read_is_as_if_it_had_not_been_kept(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (study.folder / OVERVIEW).write_text(content)
    assert journal_is_read(monkeypatch, tmp_path)


def test_nothing_is_kept_of_a_short_study(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "LONG_BYTES", (study.folder / JOURNAL).stat().st_size + 1)
    keep_overview(study.folder, study.record)
    assert not (study.folder / OVERVIEW).exists()
