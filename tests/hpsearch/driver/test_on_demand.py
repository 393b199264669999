"""Seeds on demand: what the driver trains, and that kills, relaunches and looks change no decision."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from support import made_up_arms as made_up

from hpsearch.driver.confirmation import FIRST_SEED, confirmations
from hpsearch.results.advice import advice
from hpsearch.results.comparison import Comparison, Outcome, compare
from hpsearch.results.titles import names_of
from hpsearch.results.verdict import describe
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState

CONFIRM = ConfirmConfig.model_validate({"top": 1, "seeds": {"min": 3, "max": 12}, "equal_within": 0.5})


def searched(*helpers: float) -> StudyRecord:
    """Return a study after its search: helpers with these errors, and the baseline, trial 9."""
    trials = [
        made_up.trial(n, made_up.config("puzzling", dropout=0.1 * n), error)
        for n, error in enumerate(helpers)
    ]
    return made_up.study([*trials, made_up.trial(9, made_up.config(), 9.0)])


class Confirmed:
    """A study whose confirmations come to errors that follow from the design and the seed alone."""

    def __init__(self, study: StudyRecord, means: dict[int, float], rng: random.Random, noise: float = 0.3):
        self.study, self.means, self.rng, self.noise = study, means, rng, noise
        self.trained: list[tuple[int, int]] = []

    def begin(self, number: int, seed: int, confirm: ConfirmConfig) -> None:
        first = next(trial for trial in self.study.trials if trial.number == number)
        run = replace(
            first,
            number=100 + len(self.trained),
            config=first.config.model_copy(update={"seed": seed}),
            state=TrialState.RUNNING,
            confirms=number,
            confirm_plan=confirm.plan,
        )
        self.trained.append((number, seed))
        self.study = replace(self.study, trials=(*self.study.trials, run))

    def end(self, run: TrialRecord) -> None:
        assert run.confirms is not None
        draw = random.Random(f"{run.confirms} {run.config.seed}")  # noqa: S311
        value = self.means[run.confirms] + draw.gauss(0, self.noise)
        done = replace(run, state=TrialState.COMPLETE, objective=value)
        self.study = replace(
            self.study, trials=tuple(done if t.number == run.number else t for t in self.study.trials)
        )

    def launch(self, confirm: ConfirmConfig, in_parallel: int = 1, dies: float = 0.0) -> bool:
        """Confirm until nothing is left, or the driver dies; return whether it came to the end."""
        while True:
            running = [t for t in self.study.trials if t.state is TrialState.RUNNING]
            again = next(confirmations(self.study, confirm), None)
            if again is not None and len(running) < in_parallel:
                self.begin(*again, confirm)
            elif running:
                self.end(self.rng.choice(running))
            else:
                return True
            if self.rng.random() < dies:
                return False

    def found(self, confirm: ConfirmConfig) -> Comparison:
        return compare(made_up.arms_of(self.study), confirm.equal_within)


@pytest.mark.parametrize(
    ("helper", "outcome", "most"),
    [(4.0, Outcome.AHEAD, 8), (5.0, Outcome.EQUAL, 12), (6.5, Outcome.BEHIND, 8)],
)
def test_it_ends_where_it_is_decided(helper: float, outcome: Outcome, most: int) -> None:
    made = Confirmed(searched(4.0), {0: helper, 9: 5.0}, random.Random(1), noise=0.2)  # noqa: S311
    assert made.launch(CONFIRM)
    found = made.found(CONFIRM)
    assert found.outcome is outcome and found.progress is not None and found.difference is not None
    assert len(made.trained) == 2 * found.difference.n <= 2 * most
    assert made.trained[:6] == [(number, FIRST_SEED + n) for n in range(3) for number in (0, 9)]
    names = names_of(made_up.arms_of(made.study))
    said = describe(found, names, made.study.objective, advice(made.study, found)).sentence
    assert f"valid whenever you look; {found.difference.n} of at most 12 seeds" in said
    assert ("alone within 0.5°: " in said) is (outcome is Outcome.EQUAL)


def test_before_the_first_look_two_seeds_are_not_called_one_run() -> None:
    made = Confirmed(searched(4.0), {0: 4.0, 9: 5.0}, random.Random(1))  # noqa: S311
    for number, seed in ((0, 1000), (9, 1000), (0, 1001), (9, 1001)):
        made.begin(number, seed, CONFIRM)
        made.end(made.study.trials[-1])
    said = describe(made.found(CONFIRM), {}, made.study.objective)
    assert "in 2 of at most 12 seeds, before the first look." in said.sentence
    assert said.grounds.endswith("The first look is at 3 seeds of each.")


@pytest.mark.parametrize("in_parallel", [1, 5])
@pytest.mark.parametrize("helpers", [1, 2])
def test_kills_and_relaunches_change_neither_what_is_trained_nor_what_is_decided(
    helpers: int, in_parallel: int
) -> None:
    for study in range(3):
        means = {0: 5.0 - 0.3 * study, 1: 4.9, 9: 5.0}
        confirm = CONFIRM.model_copy(update={"top": helpers})
        whole, killed = (
            Confirmed(searched(*(4.0, 4.1)[:helpers]), means, random.Random(study))  # noqa: S311
            for _ in range(2)
        )
        assert whole.launch(confirm)
        launches = 1
        while not killed.launch(confirm, in_parallel, dies=0.2):
            launches += 1
        assert launches > 1
        assert sorted(killed.trained) == sorted(whole.trained)
        once, again = whole.found(confirm), killed.found(confirm)
        assert (once.outcome, once.difference) == (again.outcome, again.difference)
        assert list(confirmations(whole.study, confirm)) == []


def test_seeds_are_raised_where_they_decided_nothing_and_a_decision_stays() -> None:
    narrow = CONFIRM.model_copy(update={"equal_within": None})
    few = ConfirmConfig.model_validate({"top": 1, "seeds": {"min": 3, "max": 5}})
    made = Confirmed(searched(4.0), {0: 4.9, 9: 5.0}, random.Random(3))  # noqa: S311
    assert made.launch(few) and made.found(few).outcome in (Outcome.CLOSE, Outcome.UNDECIDED)
    before = len(made.trained)
    assert made.launch(narrow) and len(made.trained) > before
    decided = Confirmed(searched(4.0), {0: 3.0, 9: 5.0}, random.Random(4))  # noqa: S311
    assert decided.launch(few)
    trained, found = len(decided.trained), decided.found(few)
    assert found.outcome is Outcome.AHEAD
    assert decided.launch(narrow) and len(decided.trained) == trained
    assert decided.found(narrow).difference == found.difference


def test_a_number_that_is_raised_is_a_second_look() -> None:
    """After 3 seeds and 6 a t-test each would err in 3.9 % each way: little of the error rate is left."""
    three, six = (ConfirmConfig.model_validate({"top": 1, "seeds": n}) for n in (3, 6))
    made = Confirmed(searched(4.0), {0: 4.7, 9: 5.0}, random.Random(5))  # noqa: S311
    assert made.launch(three) and made.found(three).progress is None
    assert made.launch(six) and len(made.trained) == 12
    found = made.found(six)
    assert found.progress is not None and found.difference is not None
    by_itself = made_up_gap(made.study)
    assert (found.difference.half or 0) > 1.5 * by_itself


def made_up_gap(study: StudyRecord) -> float:
    """Return half the interval of the same runs with nothing planned before."""
    fresh = replace(study, trials=tuple(replace(t, confirm_plan=None) for t in study.trials))
    gap = compare(made_up.arms_of(fresh)).difference
    assert gap is not None and gap.half is not None
    return gap.half


def test_what_is_hopeless_ends_early_and_says_so() -> None:
    noisy = Confirmed(searched(4.0), {0: 5.0, 9: 5.0}, random.Random(6), noise=3.0)  # noqa: S311
    assert noisy.launch(CONFIRM)
    found = noisy.found(CONFIRM)
    assert found.outcome is Outcome.UNDECIDED and len(noisy.trained) < 24
    assert found.progress is not None and not found.progress.goes_on
    study = replace(noisy.study, spec=noisy.study.spec)
    assert "No further seed was trained" in advice(with_confirm(study, CONFIRM), found)


def with_confirm(study: StudyRecord, confirm: ConfirmConfig) -> StudyRecord:
    search = study.spec.search.model_copy(update={"confirm": confirm})
    return replace(study, spec=replace(study.spec, search=search))


def test_a_seed_that_failed_is_no_look_and_stops_nothing() -> None:
    made = Confirmed(searched(4.0), {0: 3.5, 9: 5.0}, random.Random(7))  # noqa: S311
    made.begin(0, FIRST_SEED, CONFIRM)
    failed = replace(made.study.trials[-1], state=TrialState.FAILED, objective=None)
    made.study = replace(made.study, trials=(*made.study.trials[:-1], failed))
    assert made.launch(CONFIRM)
    found = made.found(CONFIRM)
    assert found.outcome is Outcome.AHEAD
    assert found.difference is not None and len(made.trained) == 2 * (found.difference.n + 1)


def test_of_several_helpers_only_those_that_are_not_decided_go_on() -> None:
    made = Confirmed(searched(4.0, 4.1), {0: 4.8, 1: 40.0, 9: 5.0}, random.Random(8))  # noqa: S311
    assert made.launch(CONFIRM.model_copy(update={"top": 2}))
    counts = [sum(number == one for number, _ in made.trained) for one in (0, 1, 9)]
    assert counts[1] == 3 < counts[0] == counts[2]
