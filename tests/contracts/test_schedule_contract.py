"""The contract of schedules: a factor in (0, 1] that follows from the number of completed epochs alone."""

from __future__ import annotations

import math

import pytest

from trainables.optim.schedules import SCHEDULES

EPOCHS = (1, 2, 7, 45, 110)
"""Lengths of runs."""

each_schedule = pytest.mark.parametrize("name", sorted(SCHEDULES))
each_run = pytest.mark.parametrize("epochs", EPOCHS)


def factors(name: str, epochs: int) -> list[float]:
    schedule = SCHEDULES[name]().build(epochs)
    return [schedule.factor(completed) for completed in range(epochs)]


@each_schedule
@each_run
def test_the_first_epoch_has_the_learning_rate_itself_and_none_has_more_or_nothing(
    name: str, epochs: int
) -> None:
    found = factors(name, epochs)
    assert found[0] == 1.0
    assert all(type(factor) is float and 0 < factor <= 1 for factor in found)


@each_schedule
@each_run
def test_a_factor_does_not_depend_on_what_was_asked_before(name: str, epochs: int) -> None:
    expected = factors(name, epochs)
    schedule = SCHEDULES[name]().build(epochs)
    order = [*reversed(range(epochs)), *range(0, epochs, 3), *range(epochs)]
    assert [schedule.factor(completed) for completed in order] == [expected[completed] for completed in order]


@each_schedule
@each_run
def test_a_resumed_run_has_the_factors_of_one_that_was_not_interrupted(name: str, epochs: int) -> None:
    expected, config = factors(name, epochs), SCHEDULES[name]()
    for completed in range(epochs):
        assert config.build(epochs).factor(completed) == expected[completed]


@each_schedule
def test_beyond_its_last_epoch_a_run_still_has_a_finite_factor(name: str) -> None:
    schedule = SCHEDULES[name]().build(10)
    assert all(math.isfinite(schedule.factor(completed)) for completed in (10, 11, 25, 1000))
    assert all(0 <= schedule.factor(completed) <= 1 for completed in (10, 11, 25, 1000))
