"""The logs of a study and its trials, read as one."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpsearch.lifecycle.logs import StudyLogs
from hpsearch.study.lock import study_lock
from hpsearch.study.trial_log import LOG, Log
from hpsearch.study.trials import trial_folder


def test_entries_come_in_the_order_of_time_each_once_with_their_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(f"2026-01-01 00:00:0{second}" for second in (1, 2, 2, 3, 4))
    monkeypatch.setattr("hpsearch.study.trial_log.time.strftime", lambda form: next(clock))
    first, second = (Log(trial_folder(tmp_path, number)) for number in (0, 1))
    second.say("epoch 1/3")
    first.say("starts again: it died")
    Log(tmp_path).say("trial 0: starts again: it died")  # what a person was shown
    first.say("ValueError\nTraceback:\n  line 1")
    logs, alone = StudyLogs(tmp_path), StudyLogs(tmp_path, trial=1)
    assert logs.news() == [
        "2026-01-01 00:00:01 trial 1: epoch 1/3",
        "2026-01-01 00:00:02 trial 0: starts again: it died",
        "2026-01-01 00:00:03 trial 0: ValueError\n    Traceback:\n      line 1",
    ]
    assert alone.news() == ["2026-01-01 00:00:01 epoch 1/3"]
    second.say("complete")
    assert logs.news() == ["2026-01-01 00:00:04 trial 1: complete"]
    assert logs.news() == []


def test_a_line_that_is_being_written_is_read_once_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("2026-01-01 00:00:01 whole\n2026-01-01 00:00:02 ha")
    logs = StudyLogs(tmp_path)
    assert logs.news() == ["2026-01-01 00:00:01 whole"]
    with (tmp_path / LOG).open("a") as file:
        file.write("lf\n")
    assert logs.news() == ["2026-01-01 00:00:02 half"]


def test_following_ends_when_nobody_runs_the_study_and_misses_nothing(tmp_path: Path) -> None:
    log, waits = Log(tmp_path), iter((True, False))
    lock = study_lock(tmp_path)
    lock.__enter__()

    def wait(seconds: float) -> None:
        goes_on = next(waits)
        log.say("later" if goes_on else "last")
        if not goes_on:
            lock.__exit__(None, None, None)

    log.say("first")
    followed = [entry[20:] for entry in StudyLogs(tmp_path).follow(wait)]
    assert followed == ["first", "later", "last"]
