"""What a sampler learns from."""

import math
import random

import pytest

from hpsearch.study.policy.experience import BEST, LATEST, Experience


def test_a_stopped_trial_counts_by_what_its_family_made_of_its_errors_from_there_on() -> None:
    known = Experience()
    known.finished(0, "rotation", [20.0, 16.0, 10.0])  # x 0.5 from epoch 1, x 0.625 from 2
    known.finished(1, "rotation", [20.0, 10.0, 8.0])  # x 0.4, x 0.8
    known.finished(2, "rotation", [10.0, 9.0, 9.0])  # x 0.9, x 1
    known.finished(3, "none", [10.0, 5.0, 1.0])
    known.stopped(4, "rotation", [30.0])
    known.stopped(5, "rotation", [30.0, 20.0])
    assert known.shown() == pytest.approx({0: 10.0, 1: 8.0, 2: 9.0, 3: 1.0, 4: 15.0, 5: 16.0})
    known.stopped(5, "rotation", [30.0, 20.0])
    known.goes_on(4)
    assert known.shown() == pytest.approx({0: 10.0, 1: 8.0, 2: 9.0, 3: 1.0, 5: 16.0})
    known.finished(4, "rotation", [30.0, 20.0, 2.0])  # x 0.1 from epoch 2: the median is 0.7125
    assert known.shown()[5] == pytest.approx(20.0 * 0.7125)


def test_without_a_finished_trial_of_its_family_a_stopped_one_is_left_out() -> None:
    known = Experience()
    known.finished(0, "none", [10.0, 5.0, 1.0])
    known.stopped(1, "rotation", [30.0])
    known.stopped(2, "none", [math.nan])
    known.stopped(3, "none", [])
    assert known.shown() == {0: 1.0}


def test_of_many_trials_the_best_and_the_latest_are_shown_with_the_same_errors() -> None:
    """The errors of all, worked out one by one, are the oracle."""
    rng = random.Random(0)  # noqa: S311
    known, errors, every = Experience(), {}, BEST + LATEST + 200
    for family in "ab":
        known.finished(-1 - ord(family), family, [4.0, 4.0, 2.0])  # x 0.5 from any epoch
        errors[-1 - ord(family)] = 2.0
    for number in range(every):
        value = rng.uniform(1.0, 9.0)
        stopped = [4.0] * rng.randrange(2) + [value]
        known.stopped(number, rng.choice("ab"), stopped)
        errors[number] = value / 2
    shown = known.shown()
    best = sorted(errors, key=lambda number: (errors[number], number))[:BEST]
    assert shown.keys() == {*best, *range(every - LATEST, every)}
    assert shown == pytest.approx({number: errors[number] for number in shown})
    assert list(shown) == sorted(shown)
