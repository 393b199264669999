"""Every schedule keeps the contract that `hpsearch.testing` has."""

from __future__ import annotations

import pytest

from hpsearch.testing import ScheduleContract, rows
from trainables.optim.schedules import SCHEDULES


@pytest.mark.parametrize("config", rows(SCHEDULES))
class TestSchedules(ScheduleContract):
    pass
