from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpsearch.study.policy.halving import Contestant, Halving

RUNGS = (3, 9)


def trial(number: int, curve: Sequence[float], *, family: str = "a", waits: bool = True) -> Contestant:
    return Contestant(number, family, curve, epochs=27, waits=waits)


def level(value: float, epochs: int) -> list[float]:
    return [value] * epochs


@given(st.lists(st.floats(1, 50), min_size=1, max_size=20, unique=True), st.integers(2, 4))
def test_a_rung_promotes_its_best_ceil_of_n_over_factor_one_after_the_other(
    values: list[float], factor: int
) -> None:
    halving = Halving((3,), factor, "all")
    trials = [trial(number, level(value, 3)) for number, value in enumerate(values)]
    order = []
    while chosen := halving.promoted(trials):
        order.append(chosen.curve[-1])
        trials[chosen.number] = replace(chosen, waits=False, curve=level(chosen.curve[-1], 4))
    assert order == sorted(values)[: math.ceil(len(values) / factor)]


def test_the_highest_rung_comes_first() -> None:
    low, high = trial(0, level(1.0, 3)), trial(1, level(9.0, 9))
    assert Halving(RUNGS, 3, "all").promoted([low, high]) == high


def test_what_runs_or_lost_its_checkpoint_is_compared_but_not_thawed() -> None:
    halving = Halving((3,), 3, "all")
    best = trial(0, level(1.0, 3), waits=False)
    others = [trial(n, level(5.0 + n, 3)) for n in (1, 2)]
    assert halving.promoted([best, *others]) is None
    assert halving.promoted([best, *others, trial(3, level(4.0, 3))]) == trial(3, level(4.0, 3))


def test_a_family_without_a_full_run_comes_first() -> None:
    """The slow starters of family b end first, but are behind at the rung."""
    ended = trial(0, [*level(10.0, 9), *level(9.0, 18)], waits=False)
    ahead = [trial(n, level(10.5 + n, 3)) for n in (1, 2, 3)]
    behind = [trial(n, level(20.0 + n, 3), family="b") for n in (4, 5)]
    assert Halving(RUNGS, 3, "all").promoted([ended, *ahead, *behind]) == ahead[0]
    assert Halving(RUNGS, 3, "family").promoted([ended, *ahead, *behind]) == behind[0]


def test_families_are_ranked_apart_and_the_best_forecast_of_their_best_goes_first() -> None:
    fast = trial(0, [*level(10.0, 9), *level(9.0, 18)], waits=False)  # 0.9 of the error at the rung
    slow = trial(1, [*level(20.0, 9), *level(8.0, 18)], family="b", waits=False)  # 0.4
    waiting = [trial(2, level(9.5, 3)), trial(3, level(19.0, 3), family="b")]  # 8.55 and 7.6
    halving = Halving(RUNGS, 3)
    assert halving.promoted([fast, slow, *waiting]) == waiting[1]
    assert Halving(RUNGS, 3, "all").promoted([fast, slow, *waiting]) == waiting[0]
    assert halving.by_promise([fast, slow, *waiting]) == [waiting[1], waiting[0]]
    assert halving.by_promise([fast, *waiting])[0] == waiting[1], "a family without a full run comes first"


def test_errors_that_are_not_finite_are_never_promoted() -> None:
    assert Halving((3,), 3).promoted([trial(0, level(math.nan, 3))]) is None


@pytest.mark.parametrize(("epochs", "pauses"), [(27, (3, 9)), (9, (3,)), (10, (3, 9)), (3, ()), (1, ())])
def test_no_trial_pauses_after_its_last_epoch(epochs: int, pauses: tuple[int, ...]) -> None:
    assert Halving(RUNGS, 3).pauses(epochs) == pauses
