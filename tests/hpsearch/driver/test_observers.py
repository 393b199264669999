"""Who follows a search gets each change, and the study in the order of its trials."""

from __future__ import annotations

from pathlib import Path

from support import studies

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
