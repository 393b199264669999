"""Every source of initial weights keeps the contract that `hpsearch.testing` has."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpsearch.testing import InitContract
from hpsearch.testing.inits import save_trunk
from trainables.model.inits import INITS, InitConfig


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_trunk(tmp_path_factory.mktemp("brought") / "weights.pth")


@pytest.fixture
def config(request: pytest.FixtureRequest, weights: Path) -> InitConfig:
    """Return a row's settings: its defaults, with brought weights wherever a file may be named."""
    row = INITS[request.param]
    return row(**{key: str(weights) for key in ("file", "path") if key in row.model_fields})


@pytest.mark.parametrize("config", sorted(INITS), indirect=True)
class TestInits(InitContract):
    pass
