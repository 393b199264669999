"""Every weighting keeps the contract of `hpsearch.testing`, the documented one too."""

from __future__ import annotations

import pytest
from support import documented

from hpsearch.testing import WeightingContract, rows
from trainables.losses.weighting import WEIGHTINGS

ALL = {**WEIGHTINGS, **documented.rows_of("WEIGHTINGS")}


@pytest.mark.parametrize("config", rows(ALL))
class TestWeightings(WeightingContract):
    pass
