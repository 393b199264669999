"""Who follows a search gets each change, and the study in the order of its trials."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import studies

from hpsearch.driver import observers as module
from hpsearch.driver.observers import Observers
from hpsearch.study.records import StudyRecord, TrialState


def test_trials_stand_in_their_order_whichever_changes_first(tmp_path: Path) -> None:
    study = studies.open_in(tmp_path, studies.spec(tmp_path, "{sampler: random, pruner: none}"))
    seen: list[StudyRecord] = []
    observers = Observers(study.record(), lambda record, trial: seen.append(record), print)
    for _ in range(3):
        study.ask()
    for number in (2, 0, 1):
        observers.changed(study, number)
    assert [[trial.number for trial in record.trials] for record in seen] == [[2], [0, 2], [0, 1, 2]]
    study.fail(0, "diverged")
    observers.changed(study, 0)
    assert [trial.number for trial in seen[-1].trials] == [0, 1, 2]
    assert seen[-1].trials[0].state is TrialState.FAILED and seen[-2].trials[0].state is TrialState.RUNNING


def test_of_a_long_study_each_change_is_handed_on_and_the_list_lacks_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 4)
    study = studies.open_in(tmp_path, studies.spec(tmp_path, "{sampler: random, pruner: none}"))
    seen: list[tuple[int, int]] = []
    observers = Observers(study.record(), lambda all, one: seen.append((one.number, len(all.trials))), print)
    for _ in range(12):
        study.ask()
        observers.changed(study, study.asked - 1)
    assert [number for number, _ in seen] == [*range(12)]
    assert [count for _, count in seen] == [1, 2, 3, 4, 4, 6, 6, 8, 8, 8, 11, 11]
