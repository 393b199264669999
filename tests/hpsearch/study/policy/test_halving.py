import pytest

from hpsearch.study.policy.halving import Halving


@pytest.mark.parametrize(("epochs", "pauses"), [(27, (3, 9)), (9, (3,)), (10, (3, 9)), (3, ()), (1, ())])
def test_no_trial_pauses_after_its_last_epoch(epochs: int, pauses: tuple[int, ...]) -> None:
    assert Halving((3, 9), 3).pauses(epochs) == pauses
