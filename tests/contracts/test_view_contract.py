"""Every view keeps the contract that `hpsearch.testing` has."""

from __future__ import annotations

import pytest

from hpsearch.testing import ViewContract, rows
from trainables.pretext.views import VIEWS


@pytest.mark.parametrize("config", rows(VIEWS))
class TestViews(ViewContract):
    pass
