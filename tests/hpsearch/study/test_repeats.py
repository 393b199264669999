"""No design is trained twice: of a space that comes to an end, every design is tried once, in any order."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from optuna.trial import TrialState as OptunaState
from support import studies
from support.searching import Searching, objective
from support.simulated import Simulated
from support.studies import OBJECTIVE, task_of

from hpsearch.cli.main import main
from hpsearch.driver.allocation import Budget
from hpsearch.lifecycle.enqueue import enqueue
from hpsearch.study.asking import Ask
from hpsearch.study.journal.schema import CONFIRMS, SEED
from hpsearch.study.store import find_study
from hpsearch.study.study import Study
from trainables.base.errors import InputError

CONDITIONAL = """\
data: {train: {dataset: heads}}
epochs: 9
network: {dropout: {float: [0.1, 0.3], step: 0.1}}
pretext: {choice: [none, puzzling: {grid: {choice: [2, 3]}, flag: {int: [3, 4]}}]}
"""
"""Three values, beside one design and four: 15."""

ENDLESS = """\
data: {train: {dataset: heads}}
epochs: 9
network: {dropout: {float: [0.1, 0.3]}}
pretext: {choice: [none, rotation]}
"""

BEST_ALONE = """\
data: {train: {dataset: heads}}
epochs: 9
pretext: {choice: [none, puzzling: {ssl_weight: {float: [0.1, 9]}}]}
"""
"""The task that is best in the test has one design, the other no end of them."""

samplers = pytest.mark.parametrize("sampler", ["tpe", "random"])


def search(
    folder: Path, sampler: str, space: str = CONDITIONAL, trials: int = 50, more: str = ""
) -> Searching:
    spec = studies.spec(folder, f"{{name: demo, sampler: {sampler}, pruner: none{more}}}", space)
    backend = Simulated(objective(studies.value), slots=3)
    return Searching(folder / "study", spec, backend, Budget(trials=trials))


def designs(study: Study) -> Counter[str]:
    """Return how many trials each design has; values are compared as they are written."""
    return Counter(
        str(sorted((name, round(v, 6) if isinstance(v, float) else v) for name, v in trial.params.items()))
        for trial in study.record().searched
    )


@samplers
def test_every_design_is_tried_once_and_then_the_search_ends(tmp_path: Path, sampler: str) -> None:
    made = search(tmp_path, sampler)
    assert made.spec.trials == 15
    made.run()
    assert sorted(designs(made.study).values()) == [1] * 15 and made.allocation.used_up
    assert made.study.asked == 15
    made.open()
    made.run()
    assert made.study.asked == 15


@samplers
@pytest.mark.parametrize("killed_after", [1, 20, 60, 100])
def test_a_driver_that_dies_on_the_way_tries_the_same(
    tmp_path: Path, sampler: str, killed_after: int
) -> None:
    whole, killed = search(tmp_path / "whole", sampler), search(tmp_path / "killed", sampler)
    whole.run()
    killed.run(epochs=killed_after)
    killed.open()
    killed.run()
    assert sorted(designs(killed.study)) == sorted(designs(whole.study))


def test_a_suggestion_that_a_killed_driver_had_not_dropped_yet_is_not_trained(tmp_path: Path) -> None:
    made = search(tmp_path, "random", trials=4)
    made.run(epochs=9)
    first = made.study.record().trials[0]
    made.study._asking._enqueue(dict(first.params), {})
    trial = made.study._asking._next()
    made.study._asking._values(trial)  # and here it dies
    assert len(made.study.record().trials) == 3
    made.open()
    assert trial.number not in {ask.number for ask in made.study.unfinished()}
    made.run()
    assert set(designs(made.study).values()) == {1} and made.study.asked == 4


@samplers
def test_a_space_without_end_goes_on(tmp_path: Path, sampler: str) -> None:
    made = search(tmp_path, sampler, ENDLESS, trials=20)
    assert made.spec.combinations is None
    made.run()
    assert len(designs(made.study)) == 20 and not made.allocation.used_up


@pytest.mark.parametrize("killed_after", [None, 30, 60])
def test_a_search_whose_best_design_has_no_other_values_goes_on_to_the_rest(
    tmp_path: Path, killed_after: int | None
) -> None:
    """TPE suggests that design again and again: the whole budget is spent all the same."""
    made = search(tmp_path, "{tpe: {startup_trials: 3}}", BEST_ALONE, trials=25)
    value = objective(lambda design, epoch: 1.0 if task_of(design) == "none" else 9.0)
    made.backend = Simulated(value, slots=1)
    if killed_after is not None:
        made.run(epochs=killed_after)
        made.open()
    made.run()
    assert len(designs(made.study)) == 25 and not made.allocation.used_up
    assert max(trial.number for trial in made.study.record().trials) <= 2 * 25


def test_where_nothing_repeats_suggestions_are_what_they_were(tmp_path: Path) -> None:
    made = search(tmp_path, "tpe", ENDLESS, trials=20)
    made.run()
    held = made.study._storage.get_all_trials(made.study._trials._study_id, deepcopy=False)
    assert [trial.number for trial in held] == list(range(20))
    assert all(trial.state is OptunaState.COMPLETE for trial in held)


def test_an_enqueued_design_that_was_tried_is_skipped_and_the_next_one_has_its_turn(tmp_path: Path) -> None:
    same = "{network: {dropout: 0.1}, pretext: none}"
    more = f", enqueue: [{same}, {same}, {{network: {{dropout: 0.3}}, pretext: none}}]"
    made = search(tmp_path, "random", trials=2, more=more)
    made.run(epochs=10)
    made.open()  # what was skipped stays skipped
    made.run()
    tried = [trial.params["network.dropout"] for trial in made.study.record().searched]
    assert tried == [0.1, 0.3]


def test_a_design_that_failed_is_tried_again_by_who_asks_for_it_alone(tmp_path: Path) -> None:
    made = search(tmp_path, "random")
    ask = made.study.ask()
    assert ask is not None
    made.study.fail(ask.number, "out of memory")
    seen: list[Ask] = []
    while (other := made.study.ask()) is not None:
        seen.append(other)
    assert len(seen) == 14
    again = made.study._asking._new(dict(ask.params), {}, again=True)
    assert again is not None and again.config == ask.config


def test_who_enqueues_a_design_that_was_tried_is_told_its_trial(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "demo"
    spec = studies.spec(folder, "{name: demo, sampler: random, pruner: none}", CONDITIONAL)
    study = studies.open_in(folder, spec)
    ask = study.ask()
    assert ask is not None
    study.report(ask.number, 1, {OBJECTIVE: 3.0})
    design = tmp_path / "design.yaml"
    tree = spec.space.fill(ask.params)
    dropout = round(tree["network"]["dropout"], 1)  # as a person writes it
    design.write_text(json.dumps({"network": {"dropout": dropout}, "pretext": tree["pretext"]}))
    with pytest.raises(InputError, match="trial 0 has these values"):
        enqueue(find_study(tmp_path, "demo"), design)


def test_check_says_how_many_designs_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    search(tmp_path, "tpe")
    main(["check", str(tmp_path / "space.yaml"), "--root", str(tmp_path / "root")])
    assert "15 trials of up to 9 epochs, 135 epochs at most; 15 designs in the space" in " ".join(
        capsys.readouterr().out.split()
    )


def test_what_a_driver_enqueued_before_it_died_is_no_repetition(tmp_path: Path) -> None:
    made = search(tmp_path, "random", trials=3)
    made.run()
    first = made.study.record().trials[0]
    made.study._asking._enqueue(dict(first.params), {CONFIRMS: 0, SEED: 1000})
    made.open()
    again = made.allocation.next_ask()
    assert again is not None and again.config.seed == 1000
    assert made.study.record().trials[-1].confirms == 0 and made.study.asked == 3
