"""After the search: leaders confirmed with paired seeds and measured on test sets, once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support import made_up_arms as made_up
from support import plausible
from support.launches import HALVING, TRIALS, board, furnish, launch_here, runs, write_space

from hpsearch.driver.confirmation import FIRST_SEED, confirmations
from hpsearch.driver.leader_tests import leaders_to_evaluate
from hpsearch.report.page import render as page
from hpsearch.report.report import Report
from hpsearch.report.tables import arm_records
from hpsearch.results.leaderboard import records, render
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
    assert plain not in leaders, "one baseline stands beside two helpers"
    chosen = [*leaders, plain]
    shared = [(number, FIRST_SEED + i) for i in range(3) for number in chosen]
    assert wanted == [*shared, (plain, FIRST_SEED + 3)]
    one = list(confirmations(study, ConfirmConfig(top=1, seeds=3)))
    assert one == [(number, FIRST_SEED + i) for i in range(3) for number in (leaders[0], plain)]


def test_beside_four_helpers_the_baseline_has_twice_as_many_seeds() -> None:
    helpers = [made_up.trial(n, made_up.config("puzzling", dropout=0.1 * n), 4.0 + n) for n in range(4)]
    wanted = list(
        confirmations(
            made_up.study([*helpers, made_up.trial(9, made_up.config(), 9.0)]), ConfirmConfig(top=4, seeds=3)
        )
    )
    assert Counter(number for number, _ in wanted) == {0: 3, 1: 3, 2: 3, 3: 3, 9: 6}
    several = made_up.study(
        [*helpers, *(made_up.trial(5 + n, made_up.config(dropout=0.1 * n), 3.0) for n in range(2))]
    )
    wanted = list(confirmations(several, ConfirmConfig(top=6, seeds=3)))
    assert set(Counter(number for number, _ in wanted).values()) == {3}, "two baselines"


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
    assert study.confirmed_mean(first.number) == pytest.approx(8.0)
    assert study.confirmed_mean(third.number) is None


def test_only_leaders_with_test_sets_are_measured(study: StudyRecord) -> None:
    assert list(leaders_to_evaluate(study, 3, set())) == []


def with_tests(trials: list[TrialRecord]) -> StudyRecord:
    test = made_up.config().model_validate(
        {
            **made_up.config().model_dump(),
            "data": {"train": {"dataset": "heads"}, "test": [{"name": "held", "dataset": "others"}]},
        }
    )
    return made_up.study(
        [replace(one, config=one.config.model_copy(update={"data": test.data})) for one in trials]
    )


def test_confirmations_of_the_leaders_and_of_the_baseline_are_measured_and_shown() -> None:
    """What the search picked by its own number is no estimate: the test error is the confirmations' mean."""
    puzzle, turned = {"puzzling": {"grid": 2}}, {"rotation": {"grid": 2}}
    searched = [
        made_up.trial(0, made_up.config(puzzle), 4.0),
        made_up.trial(1, made_up.config(turned), 4.5),
        made_up.trial(2, made_up.config(puzzle, dropout=0.1), 4.6),
        made_up.trial(3, made_up.config(), 5.0),
    ]
    study = with_tests(searched)
    wanted = list(confirmations(study, ConfirmConfig(top=1, seeds=2)))
    extra = [
        again(study.trials[number], 10 + place, seed, 5.0 + 0.1 * number + 0.01 * place)
        for place, (number, seed) in enumerate(wanted)
    ]
    study = replace(study, trials=(*study.trials, *extra))
    assert {number for number, _ in wanted} == {0, 3}
    measured = list(leaders_to_evaluate(study, 1, set()))
    assert {one.number for one in measured} == {0, 3} | {one.number for one in extra}
    assert list(leaders_to_evaluate(study, 1, {one.number for one in measured[1:]})) == measured[:1]

    name = "test/held/mae_deg"
    tested = {one.number: {name: 2.0 if one.confirms is None else 6.0 + 0.1 * one.number} for one in measured}
    study = replace(
        study, trials=tuple(replace(one, test=tested.get(one.number, {})) for one in study.trials)
    )
    assert list(leaders_to_evaluate(study, 1, set())) == []
    mean = sum(tested[one.number][name] for one in extra if one.confirms == 0) / 2
    row = next(row for row in records(study) if row["trial"] == 0)
    assert row[name] == 2.0 and row[f"confirmed_{name}"] == pytest.approx(mean)
    assert row[f"confirmed_{name}_low"] < mean < row[f"confirmed_{name}_high"]
    arm = next(arm for arm in made_up.arms_of(study) if study.trials[0] in arm.trials)
    record = next(row for row in arm_records(made_up.arms_of(study), {}) if "0" in row["trials"].split())
    assert arm.test(name) is not None
    assert (record[f"{name}_mean"], record[f"{name}_runs"]) == (pytest.approx(mean), 2)
    assert f"{mean:.2f} ±" in render(study, "table") and f"{mean:.2f} ±" in page(Report(study)).html


def test_a_design_with_several_seeds_is_confirmed_once() -> None:
    trials = [made_up.trial(seed, made_up.config(seed=seed), 5.0 + seed) for seed in range(3)]
    trials += [
        made_up.trial(3 + seed, made_up.config({"puzzling": {"grid": 2}}, seed=seed), 4.0 + seed)
        for seed in range(3)
    ]
    wanted = list(confirmations(made_up.study(trials), ConfirmConfig(top=2, seeds=2)))
    assert [number for number, _ in wanted] == [3, 0, 3, 0]


@pytest.mark.slow
@pytest.mark.usefixtures("narrow")
def test_a_study_confirms_then_tests_and_does_neither_twice(tmp_path: Path, rendered: Path) -> None:
    space = write_space(furnish(tmp_path, rendered), epochs=2)
    text = space.read_text().replace(
        "  resources:", "  confirm: {top: 1, seeds: 2}\n  leaders: 2\n  resources:"
    )
    text = text.replace(f"  pruner: {HALVING}\n", "")
    recipe = "{rendered-heads: {images: 48, subjects: 12, image_px: 32}}"
    text = text.replace(
        "  image_px: 32\n", f"  image_px: 32\n  test: [{{name: held, dataset: {recipe}}}]\n", 1
    )
    space.write_text(text.replace(f"trials: {TRIALS}", "trials: 3"))
    launched = launch_here(space, tmp_path)
    assert launched.returncode == 0, launched.stdout + launched.stderr
    study = find_study(tmp_path, "tiny")
    repeated = [(trial.confirms, trial.config.seed) for trial in study.trials if trial.confirms is not None]
    assert len(study.searched) == 3
    assert len(repeated) == len(set(repeated)) >= 2
    assert all(trial.state is TrialState.COMPLETE for trial in study.trials)
    assert all(trial.params["pretext"] == "none" for trial in study.trials if trial.confirms == 0)
    tested = [trial.number for trial in study.trials if trial.test]
    confirmed = {number for number, _ in repeated}
    assert {trial.number for trial in study.leaderboard()[:2]} | confirmed <= set(tested)
    assert {trial.number for trial in study.trials if trial.confirms is not None} <= set(tested)
    logged = {
        run.data.tags["hpsearch.trial"] for run in runs(tmp_path) if "test/held/mae_deg" in run.data.metrics
    }
    assert logged == set(map(str, tested))
    before = board(tmp_path)
    again = launch_here(space, tmp_path)
    assert again.returncode == 0, again.stderr
    assert board(tmp_path) == before
