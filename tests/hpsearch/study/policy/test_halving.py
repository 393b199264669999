import pytest

from hpsearch.study.policy.halving import Halving


@pytest.mark.parametrize(("epochs", "rungs"), [(27, (3, 9)), (9, (3,)), (10, (3, 9)), (3, ()), (1, ())])
def test_no_trial_is_frozen_after_its_last_epoch(epochs: int, rungs: tuple[int, ...]) -> None:
    assert Halving((3, 9), 3).rungs_of(epochs) == rungs
