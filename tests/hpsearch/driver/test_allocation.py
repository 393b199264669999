from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support import studies
from support.searching import Searching, objective
from support.simulated import Diverges, Simulated

from hpsearch.driver.allocation import Budget
from hpsearch.study.importance import importances
from hpsearch.study.journal.journal import JOURNAL
from hpsearch.study.opening import read_study
from hpsearch.study.policy.families import families_of
from hpsearch.study.records import TrialState
from trainables.training.checkpoints import Checkpoints

EPOCHS = studies.EPOCHS
HALVING = "{sampler: random, pruner: {successive_halving: {warmup_epochs: 3, reduction_factor: 3%s}}%s}"
WORTH = {"none": 10.0, "puzzling": 9.0, "rotation": 12.0}


def crossing(design: studies.Design, epoch: int) -> float:
    """A helper is behind for two thirds of the run and 10 % ahead at its end."""
    task = studies.task_of(design)
    slow = 2.5 if task != "none" else 1.0
    return WORTH[task] + design.number / 100 + 16.0 * slow * (1 / epoch - 1 / EPOCHS)


def searching(
    folder: Path, budget: Budget, *, workers: int = 1, ranking: str = "family", search: str = ""
) -> Searching:
    given = studies.spec(folder, HALVING % (f", ranking: {ranking}", search))
    backend = Simulated(objective(crossing), slots=workers)
    return Searching(folder / "study", given, backend, budget)


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("ranking", ["family", "all"])
def test_every_family_has_a_full_run_and_nothing_is_trained_twice(
    tmp_path: Path, workers: int, ranking: str
) -> None:
    made = searching(tmp_path, Budget(epochs=70), workers=workers, ranking=ranking)
    made.run()
    record = made.record()
    assert len(families_of(made.spec.space)) == 3
    assert made.allocation.without_full_run(record) == ()
    assert max(Counter(made.trained).values()) == 1
    assert {trial.state for trial in record.trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    assert 70 - (EPOCHS - 3) < len(made.trained) <= 70, "together, and what is left would thaw none"
    best = record.best
    assert best is not None and best.params["pretext"] == "puzzling"


def test_a_budget_too_small_names_who_went_without(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=EPOCHS + 1))
    made.run()
    missing = [option for _, option in made.allocation.without_full_run(made.record())]
    assert missing == ["puzzling", "rotation"]  # one epoch is left, which starts no trial


def test_a_family_whose_designs_fail_is_tried_again_but_not_for_ever(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(trials=8), search=", max_failures: 9")
    made.backend.faults += [Diverges(number, 1) for number in range(40)]
    made.run()
    tried = [trial.params["pretext"] for trial in made.record().trials]
    assert {trial.reason for trial in made.record().trials} == {"diverged at epoch 1"}
    assert tried[:9] == ["none"] * 3 + ["puzzling"] * 3 + ["rotation"] * 2


def test_enqueued_designs_are_stopped_early_only_when_asked(tmp_path: Path) -> None:
    bad = "enqueue: [{pretext: none}, {pretext: none}, {pretext: none}, {pretext: none}]"
    for asked, states in ((False, ["complete"] * 4), (True, ["complete", "pruned", "pruned", "pruned"])):
        search = f", {bad}, prune_enqueued: {str(asked).lower()}"
        made = searching(tmp_path / str(asked), Budget(trials=4), search=search)
        made.run()
        found = [trial.state.value for trial in made.record().trials]
        assert found[:1] == states[:1] and found[3:4] == states[3:4]


@pytest.mark.parametrize("lines", [2, 3, 5, 11])  # one epoch is two lines
@pytest.mark.parametrize("workers", [1, 2])
def test_a_driver_that_dies_at_any_line_of_its_journal_changes_no_decision(
    tmp_path: Path, workers: int, lines: int
) -> None:
    whole = searching(tmp_path / "whole", Budget(epochs=60), workers=workers)
    whole.run()
    killed = searching(tmp_path / "killed", Budget(epochs=60), workers=workers)
    kills = 0
    while not killed.run(lines=lines):
        killed.open()
        kills += 1
        assert kills < 1000, "it never ends"
    assert kills > 15
    assert max(Counter(killed.trained).values()) <= 1 + kills
    repeated = sum(Counter(killed.trained).values()) - len(set(killed.trained))
    assert repeated <= kills * workers  # at most one epoch of each that ran
    if workers == 1:  # with more, what runs in parallel differs after a kill
        strip = [(t.number, t.state, t.params, len(t.epochs)) for t in whole.study.record().trials]
        assert [(t.number, t.state, t.params, len(t.epochs)) for t in killed.study.record().trials] == strip
        assert list(dict.fromkeys(killed.trained)) == whole.trained


def test_a_larger_budget_thaws_what_an_ended_search_pruned(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=45))
    made.run()
    before = made.record()
    stopped = {trial.number for trial in before.trials if trial.state is TrialState.PRUNED}
    assert stopped
    made.budget = replace(made.budget, epochs=80)
    made.open()
    made.run()
    after = made.record()
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


def test_each_freeze_and_thaw_has_its_time_also_where_a_later_launch_thaws(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=45), workers=2)
    made.run()
    made.budget = Budget(epochs=80)
    made.open()
    made.run()
    record = made.record()
    pauses = {trial.number: [stint.ended_s for stint in trial.stints] for trial in record.trials}
    assert sum(len(found) > 1 for found in pauses.values()) > 1, "nothing was thawed"
    for trial in record.trials:
        begun = [stint.began_s for stint in trial.stints]
        assert begun == sorted(begun) and trial.stints[0].epochs_done == 0
        assert all(pauses[trial.number][:-1]), "each but the last ended as it was frozen"
        assert (pauses[trial.number][-1] is None) == (trial.state is TrialState.COMPLETE)
        ends = [stint.epochs_done for stint in trial.stints[1:]]
        assert ends == [rung for rung in (3,) if rung in ends] and len(trial.epochs) > max(ends, default=0)
    assert read_study(tmp_path / "study", made.spec) == record


def test_a_journal_without_times_of_freezing_is_read_as_before(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=45))
    made.run()
    journal = tmp_path / "study" / JOURNAL
    kept = [json.loads(line) for line in journal.read_text().splitlines()]
    old = [event for event in kept if "stints" not in event.get("user_attr", {})]
    assert len(kept) - len(old) > 0
    journal.write_text("".join(json.dumps({k: v for k, v in e.items() if k != "check"}) + "\n" for e in old))
    without = [replace(trial, stints=()) for trial in made.record().trials]
    assert list(read_study(tmp_path / "study", made.spec).trials) == without


def test_a_trial_whose_checkpoint_is_gone_is_not_thawed(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=45))
    made.run()
    frozen = [trial for trial in made.record().trials if trial.state is TrialState.PRUNED]
    assert frozen
    for trial in frozen:
        Checkpoints(trial.folder).clear()
    made.budget = replace(made.budget, epochs=80)
    made.open()
    made.run()
    again = {number for number, epoch in made.trained[45:]}
    assert again and again.isdisjoint(str(trial.number) for trial in frozen)


def test_a_frozen_trial_is_not_running_and_hidden_from_the_sampler(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(trials=10))
    assert not made.run(lines=150)  # the driver is killed while some wait and one runs
    trials = made.record().trials
    frozen = {trial.number for trial in trials if trial.state is TrialState.FROZEN}
    running = {trial.number for trial in trials if trial.state is TrialState.RUNNING}
    assert frozen and len(running) == 1
    assert {ask.number for ask in made.study.unfinished()} == running


def test_importance_counts_a_trial_that_was_thawed_after_its_end(tmp_path: Path) -> None:
    made = searching(tmp_path, Budget(epochs=45))
    made.run()
    made.budget = Budget(epochs=200)
    made.open()
    made.run()
    record = made.record()
    complete = [trial for trial in record.trials if trial.state is TrialState.COMPLETE]
    held = [trial for trial in made.study._study.get_trials() if trial.state.name == "COMPLETE"]
    assert len(held) == len(complete)
    assert {trial.number for trial in held} != {trial.number for trial in complete}, "none was thawed"
    assert set(importances(record)) >= {"pretext", "network.dropout"}
