"""After the search: leaders confirmed with paired seeds and measured on test sets, once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import plausible
from support.launches import HALVING, TRIALS, board, hpsearch, runs, write_space

from hpsearch.driver.confirmation import FIRST_SEED, confirmations
from hpsearch.driver.evaluation import leaders_to_evaluate
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from hpsearch.study.store import find_study


@pytest.fixture
def study(tmp_path: Path) -> StudyRecord:
    states = [TrialState.COMPLETE] * 9 + [TrialState.PRUNED] * 3 + [TrialState.FAILED]
    return plausible.study(tmp_path, states)


def complete(study: StudyRecord) -> list[TrialRecord]:
    trials = [trial for trial in study.trials if trial.state is TrialState.COMPLETE]
    return sorted(trials, key=lambda trial: trial.objective or 0.0)


def again(trial: TrialRecord, number: int, seed: int, objective: float | None) -> TrialRecord:
    state = TrialState.COMPLETE if objective is not None else TrialState.FAILED
    config = trial.config.model_copy(update={"seed": seed})
    return replace(
        trial, number=number, confirms=trial.number, config=config, objective=objective, state=state
    )


def test_leaders_and_the_best_plain_trial_get_the_same_seeds(study: StudyRecord) -> None:
    leaders = [trial.number for trial in complete(study)[:2]]
    plain = next(trial.number for trial in complete(study) if trial.params["pretext"] == "none")
    wanted = list(confirmations(study, ConfirmConfig(top=2, seeds=3)))
    chosen = list(dict.fromkeys([*leaders, plain]))
    assert wanted == [(number, FIRST_SEED + i) for i in range(3) for number in chosen]


def test_what_was_begun_is_not_begun_again_and_the_choice_stays(study: StudyRecord) -> None:
    confirm = ConfirmConfig(top=2, seeds=2)
    wanted = list(confirmations(study, confirm))
    for index, (number, seed) in enumerate(wanted):
        trial = next(trial for trial in study.trials if trial.number == number)
        value = None if index == 0 else 90.0 + index  # the first failed, the others came out badly
        study = replace(study, trials=(*study.trials, again(trial, 100 + index, seed, value)))
        assert list(confirmations(study, confirm)) == wanted[index + 1 :]


def test_the_best_is_that_of_the_confirmed_with_the_smallest_mean(study: StudyRecord) -> None:
    first, second, third = complete(study)[:3]
    extra = [again(first, 100, 1, 9.0), again(first, 101, 2, 7.0), again(second, 102, 1, 7.5)]
    study = replace(study, trials=(*study.trials, *extra))
    assert study.best == second
    assert [trial.number for trial in study.leaderboard()[:3]] == [second.number, first.number, third.number]
    assert study.confirmed(first.number) == pytest.approx(8.0)
    assert study.confirmed(third.number) is None


def test_only_leaders_with_test_sets_are_measured(study: StudyRecord) -> None:
    assert list(leaders_to_evaluate(study, 3, set())) == []


@pytest.mark.slow
def test_a_study_confirms_then_tests_and_does_neither_twice(tmp_path: Path) -> None:
    space = write_space(tmp_path, epochs=2)
    text = space.read_text().replace(
        "  resources:", "  confirm: {top: 1, seeds: 2}\n  leaders: 2\n  resources:"
    )
    text = text.replace(f"  pruner: {HALVING}\n", "")
    recipe = "{rendered-heads: {images: 48, subjects: 12, image_px: 32}}"
    text = text.replace(
        "  image_px: 32\n", f"  image_px: 32\n  test: [{{name: held, dataset: {recipe}}}]\n", 1
    )
    space.write_text(text.replace(f"trials: {TRIALS}", "trials: 3"))
    launched = hpsearch("launch", space, "--root", tmp_path)
    assert launched.returncode == 0, launched.stdout + launched.stderr
    study = find_study(tmp_path, "tiny")
    repeated = [(trial.confirms, trial.config.seed) for trial in study.trials if trial.confirms is not None]
    assert len(study.searched) == 3
    assert len(repeated) == len(set(repeated)) >= 2
    assert all(trial.state is TrialState.COMPLETE for trial in study.trials)
    assert all(trial.params["pretext"] == "none" for trial in study.trials if trial.confirms == 0)
    tested = [trial.number for trial in study.trials if trial.test]
    assert sorted(tested) == sorted(trial.number for trial in study.leaderboard()[:2])
    logged = {
        run.data.tags["hpsearch.trial"] for run in runs(tmp_path) if "test/held/mae_deg" in run.data.metrics
    }
    assert logged == set(map(str, tested))
    before = board(tmp_path)
    again = hpsearch("launch", space, "--root", tmp_path)
    assert again.returncode == 0, again.stderr
    assert board(tmp_path) == before
