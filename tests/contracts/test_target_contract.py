"""Every target keeps the contract that `hpsearch.testing` has; one of the tests, which is no angle, too."""

from __future__ import annotations

import pytest
from support.age_target import AgeConfig

from hpsearch.testing import TargetContract, rows
from trainables.target import TARGETS

ALL = {**TARGETS, "age": AgeConfig}


@pytest.mark.parametrize("config", rows(ALL))
class TestTargets(TargetContract):
    pass
