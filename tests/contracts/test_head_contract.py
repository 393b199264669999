"""Every head keeps the contract that `hpsearch.testing` has."""

from __future__ import annotations

import pytest

from hpsearch.testing import HeadContract, rows
from trainables.model.heads import HEADS


@pytest.mark.parametrize("config", rows(HEADS))
class TestHeads(HeadContract):
    pass
