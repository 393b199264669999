"""The contract of schedules: a factor in (0, 1] that follows from the number of completed epochs alone."""

from __future__ import annotations

import math

import pytest

from trainables.optim.schedules import ScheduleConfig

EPOCHS = (1, 2, 7, 45, 110)
"""Lengths of runs."""

each_run = pytest.mark.parametrize("epochs", EPOCHS)


def factors(config: ScheduleConfig, epochs: int) -> list[float]:
    """Return the factor of each epoch of a run."""
    schedule = config.build(epochs)
    return [schedule.factor(completed) for completed in range(epochs)]


class ScheduleContract:
    """What every schedule keeps; parametrise a subclass with `config`."""

    @each_run
    def test_the_first_epoch_has_the_learning_rate_itself_and_none_has_more_or_nothing(
        self, config: ScheduleConfig, epochs: int
    ) -> None:
        found = factors(config, epochs)
        assert found[0] == 1.0
        assert all(type(factor) is float and 0 < factor <= 1 for factor in found)

    @each_run
    def test_a_factor_does_not_depend_on_what_was_asked_before(
        self, config: ScheduleConfig, epochs: int
    ) -> None:
        expected = factors(config, epochs)
        schedule = config.build(epochs)
        order = [*reversed(range(epochs)), *range(0, epochs, 3), *range(epochs)]
        assert [schedule.factor(completed) for completed in order] == [
            expected[completed] for completed in order
        ]

    @each_run
    def test_a_resumed_run_has_the_factors_of_one_that_was_not_interrupted(
        self, config: ScheduleConfig, epochs: int
    ) -> None:
        expected = factors(config, epochs)
        for completed in range(epochs):
            assert config.build(epochs).factor(completed) == expected[completed]

    def test_beyond_its_last_epoch_a_run_still_has_a_finite_factor(self, config: ScheduleConfig) -> None:
        schedule = config.build(10)
        assert all(math.isfinite(schedule.factor(completed)) for completed in (10, 11, 25, 1000))
        assert all(0 <= schedule.factor(completed) <= 1 for completed in (10, 11, 25, 1000))
