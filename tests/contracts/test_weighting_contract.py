"""Every weighting keeps the contract that `hpsearch.testing` has; one of each other kind does, too."""

from __future__ import annotations

import pytest
from support.weightings import GeometricMeanConfig, PCGradConfig, UncertaintyConfig

from hpsearch.testing import WeightingContract, rows
from trainables.losses.weighting import WEIGHTINGS

ALL = {
    **WEIGHTINGS,
    "uncertainty": UncertaintyConfig,
    "geometric_mean": GeometricMeanConfig,
    "pcgrad": PCGradConfig,
}


@pytest.mark.parametrize("config", rows(ALL))
class TestWeightings(WeightingContract):
    pass
