"""The contract of averages: shares of a running mean that begins once and stays."""

from __future__ import annotations

import pytest

from trainables.optim.averages import AverageConfig

EPOCHS = (1, 2, 7, 110)
"""Lengths of runs."""


class AverageContract:
    """What every average keeps; parametrise a subclass with `config`. What averages nothing builds None."""

    @pytest.mark.parametrize("epochs", EPOCHS)
    def test_once_it_has_begun_it_goes_on_to_the_end_and_the_last_epoch_is_in_it(
        self, config: AverageConfig, epochs: int
    ) -> None:
        if (average := config.build(epochs)) is not None:
            on = [average.on(completed) for completed in range(epochs)]
            assert on == sorted(on) and on[-1]

    def test_the_first_weights_are_the_mean_and_later_ones_count_in_it(self, config: AverageConfig) -> None:
        if (average := config.build(10)) is not None:
            shares = [average.share(number) for number in range(1, 2000)]
            assert shares[0] == 1.0 and all(0 < share <= 1 for share in shares)

    def test_a_share_follows_from_the_number_alone(self, config: AverageConfig) -> None:
        """A run that was interrupted goes on as one that was not: the number is all that is kept."""
        one, other = config.build(10), config.build(10)
        if one is not None and other is not None:
            shares = [one.share(number) for number in (1, 2, 3, 50)]
            assert [other.share(number) for number in (50, 3, 2, 1)] == shares[::-1]
