"""Every average of the weights keeps the contract that `hpsearch.testing` has."""

from __future__ import annotations

import pytest

from hpsearch.testing import AverageContract, rows
from trainables.optim.averages import AVERAGES


@pytest.mark.parametrize("config", rows(AVERAGES))
class TestAverages(AverageContract):
    pass
