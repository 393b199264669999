"""Every generated dataset keeps the contract that `hpsearch.testing` has."""

from __future__ import annotations

import pytest

from hpsearch.testing import DatasetContract
from hpsearch.testing.configs import smallest
from trainables.data.datasets import GENERATED

SMALLEST = [pytest.param(row(**smallest(row)), id=name) for name, row in GENERATED.items()]


@pytest.mark.parametrize("config", SMALLEST)
class TestGenerated(DatasetContract):
    @pytest.fixture(autouse=True)
    def alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Render in this process: that images do not depend on the workers is tried beside their code."""
        monkeypatch.setattr("trainables.data.datasets.rendered_heads.build.allowed_cores", lambda: 1)
