"""Every weighting keeps the contract of `hpsearch.testing`; so do the documented one and three others."""

from __future__ import annotations

import pytest
from support import documented
from support.weightings import GeometricMeanConfig, PCGradConfig, UncertaintyConfig

from hpsearch.testing import WeightingContract, rows
from trainables.losses.weighting import WEIGHTINGS

ALL = {
    **WEIGHTINGS,
    **documented.rows_of("WEIGHTINGS"),
    "uncertainty": UncertaintyConfig,
    "geometric_mean": GeometricMeanConfig,
    "pcgrad": PCGradConfig,
}


@pytest.mark.parametrize("config", rows(ALL))
class TestWeightings(WeightingContract):
    pass
