"""hpsearch's contracts, for the rows that this package adds."""

from __future__ import annotations

import pytest
from hpsearch_example.flipping import FlippingConfig
from hpsearch_example.slim import SlimConfig

from hpsearch.testing import BackboneContract, PretextContract


@pytest.mark.parametrize("config", [SlimConfig(), SlimConfig(width=4)], ids=["default", "narrow"])
class TestSlim(BackboneContract):
    """The backbone."""


@pytest.mark.parametrize("config", [FlippingConfig(), FlippingConfig(flag=1)], ids=["default", "early"])
class TestFlipping(PretextContract):
    """The pretext task."""
