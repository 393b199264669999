"""What early stopping saved."""

from __future__ import annotations

import pytest
from support.made_up_arms import config, study, trial

from hpsearch.report.pruning import pruning_statistics
from hpsearch.study.records import TrialRecord, TrialState


def test_pruning_saves_the_epochs_that_were_not_trained_at_the_time_they_took() -> None:
    pruned = [trial(n, config(seed=n), 8.0, state=TrialState.PRUNED, epochs=3) for n in range(2)]
    saved = pruning_statistics(study([*pruned, trial(9, config(seed=9), 5.0, epochs=9)]))
    assert (saved.pruned, saved.epochs_saved, saved.epochs_trained) == (2, 12, 15)
    assert saved.hours_saved == pytest.approx(12 * 2.0 / 3600)
    assert saved.hours_trained == pytest.approx(15 * 2.0 / 3600)
    assert saved.share == pytest.approx(12 / 27)


def test_a_pruning_that_fell_on_one_family_alone_is_named() -> None:
    def of(task: str, number: int, state: TrialState) -> TrialRecord:
        return trial(number, config(task, seed=number), 8.0, state=state, params={"pretext": task})

    kept = [of(task, n, TrialState.COMPLETE) for n, task in enumerate(("none", "rotation", "puzzling"))]
    stopped = [of("rotation", n, TrialState.PRUNED) for n in (3, 4)]
    assert pruning_statistics(study([*kept, *stopped])).one_sided == ("pretext: rotation",)
    other = of("puzzling", 5, TrialState.PRUNED)
    assert pruning_statistics(study([*kept, *stopped, other])).one_sided == ()
