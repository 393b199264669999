"""Every optimizer keeps the contract that `hpsearch.testing` has."""

from __future__ import annotations

import pytest

from hpsearch.testing import OptimizerContract, rows
from trainables.optim.optimizers import OPTIMIZERS


@pytest.mark.parametrize("config", rows(OPTIMIZERS))
class TestOptimizers(OptimizerContract):
    pass
