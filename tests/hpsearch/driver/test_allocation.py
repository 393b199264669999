from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support import studies
from support.searching import Simulated

from hpsearch.driver.allocation import Budget
from hpsearch.study.importance import importances
from hpsearch.study.policy.families import families_of
from hpsearch.study.records import TrialState
from hpsearch.study.study import Ask

EPOCHS = studies.EPOCHS
HALVING = "{sampler: random, pruner: {successive_halving: {warmup_epochs: 3, reduction_factor: 3%s}}%s}"
WORTH = {"none": 10.0, "puzzling": 9.0, "rotation": 12.0}


def crossing(ask: Ask, epoch: int) -> float:
    """A helper is behind for two thirds of the run and 10 % ahead at its end."""
    task = str(ask.params["pretext"])
    slow = 2.5 if task != "none" else 1.0
    return WORTH[task] + ask.number / 100 + 16.0 * slow * (1 / epoch - 1 / EPOCHS)


def searching(
    folder: Path, budget: Budget, *, workers: int = 1, ranking: str = "family", search: str = ""
) -> Simulated:
    given = studies.spec(folder, HALVING % (f", ranking: {ranking}", search))
    return Simulated(folder / "study", given, crossing, budget, workers)


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("ranking", ["family", "all"])
def test_every_family_has_a_full_run_and_nothing_is_trained_twice(
    tmp_path: Path, workers: int, ranking: str
) -> None:
    made = searching(tmp_path, Budget(epochs=70), workers=workers, ranking=ranking)
    made.run()
    made.end()
    record = made.study.record()
    assert len(families_of(made.spec.space)) == 3
    assert made.allocation.without_full_run(record) == ()
    assert max(Counter(made.trained).values()) == 1
    assert {trial.state for trial in record.trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert 70 <= len(made.trained) <= 70 + workers * (EPOCHS - 3)
    best = record.best
    assert best is not None and best.params["pretext"] == "puzzling"


def test_a_budget_too_small_names_who_went_without(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=EPOCHS + 1))
    made.run()
    missing = [option for _, option in made.allocation.without_full_run(made.study.record())]
    assert missing == ["puzzling", "rotation"]  # one epoch is left, which starts no trial


def test_a_family_whose_designs_fail_is_tried_again_but_not_for_ever(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(trials=8))
    tried = []
    while ask := made.allocation.next_ask():
        tried.append(ask.params["pretext"])
        made.study.fail(ask.number, "diverged at epoch 1")
        made.allocation.ended(ask.number)
    assert tried[:9] == ["none"] * 3 + ["puzzling"] * 3 + ["rotation"] * 2


def test_enqueued_designs_are_stopped_early_only_when_asked(tmp_path: Path) -> None:
    bad = "enqueue: [{pretext: none}, {pretext: none}, {pretext: none}, {pretext: none}]"
    for asked, states in ((False, ["complete"] * 4), (True, ["complete", "frozen", "frozen", "frozen"])):
        search = f", {bad}, prune_enqueued: {str(asked).lower()}"
        made = searching(tmp_path / str(asked), Budget(trials=4), search=search)
        made.run()
        found = [trial.state.value for trial in made.study.record().trials]
        assert found[:1] == states[:1] and found[3:4] == states[3:4]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_driver_that_dies_at_any_epoch_changes_no_decision(tmp_path: Path, workers: int) -> None:
    whole = searching(tmp_path / "whole", Budget(epochs=60), workers=workers)
    whole.run()
    killed = searching(tmp_path / "killed", Budget(epochs=60), workers=workers)
    for _ in range(200):
        before = len(killed.trained)
        killed.run(epochs=5)
        if len(killed.trained) == before:
            break
        killed.open()
    else:
        raise AssertionError("it never ended")
    assert max(Counter(killed.trained).values()) == 1
    if workers == 1:  # with more, what runs in parallel differs after a kill
        strip = [(t.number, t.state, t.params, len(t.epochs)) for t in whole.study.record().trials]
        assert [(t.number, t.state, t.params, len(t.epochs)) for t in killed.study.record().trials] == strip
        assert killed.trained == whole.trained


def test_a_larger_budget_thaws_what_an_ended_search_pruned(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=45))
    made.run()
    made.end()
    before = made.study.record()
    stopped = {trial.number for trial in before.trials if trial.state is TrialState.PRUNED}
    assert stopped
    made.budget = replace(made.budget, epochs=80)
    made.open()
    made.run()
    after = made.study.record()
    thawed = {t.number for t in after.trials if t.number in stopped and t.state is TrialState.COMPLETE}
    assert thawed, "nothing that was pruned went on"
    assert max(Counter(made.trained).values()) == 1
    numbers = [trial.number for trial in after.trials]
    assert len(numbers) == len(set(numbers))
    for number in thawed:
        trial = next(trial for trial in after.trials if trial.number == number)
        earlier = next(trial for trial in before.trials if trial.number == number)
        assert len(trial.epochs) == EPOCHS and trial.epochs[:3] == earlier.epochs[:3]
        assert (trial.params, trial.config, trial.folder) == (earlier.params, earlier.config, earlier.folder)
        assert trial.started_s == earlier.started_s
    reread = studies.open_in(tmp_path / "study", made.spec).record()
    assert reread == after
    assert made.study.asked == len(after.searched)


def test_a_trial_whose_checkpoint_is_gone_is_not_thawed(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=45))
    made.run()
    frozen = [trial.number for trial in made.study.record().trials if trial.state is TrialState.FROZEN]
    assert frozen
    made.lost = set(frozen)
    made.budget = replace(made.budget, epochs=80)
    made.open()
    made.run()
    again = {number for number, epoch in made.trained[45:] if number in frozen}
    assert again == set()


def test_a_frozen_trial_is_not_running_and_hidden_from_the_sampler(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(trials=10))
    made.run()
    states = Counter(trial.state for trial in made.study.record().trials)
    assert states[TrialState.FROZEN] > 0 and states[TrialState.RUNNING] == 0
    assert made.study.unfinished() == []


def test_importance_counts_a_trial_that_was_thawed_after_its_end(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=45))
    made.run()
    made.end()
    made.budget = Budget(epochs=200)
    made.open()
    made.run()
    record = made.study.record()
    complete = [trial for trial in record.trials if trial.state is TrialState.COMPLETE]
    held = [trial for trial in made.study._study.get_trials() if trial.state.name == "COMPLETE"]
    assert len(held) == len(complete)
    assert {trial.number for trial in held} != {trial.number for trial in complete}, "none was thawed"
    assert set(importances(record)) >= {"pretext", "network.dropout"}
