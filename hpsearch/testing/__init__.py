"""The contracts that every variant keeps, as tests for pytest: for hpsearch's own and for those of plug-ins.

@pytest.mark.parametrize("config", [MyBackboneConfig(), MyBackboneConfig(width=8)])
class TestMyBackbone(BackboneContract):
    pass
"""

import pytest

pytest.register_assert_rewrite(  # before they are imported: a failed assertion then shows its values
    *(f"hpsearch.testing.{name}" for name in ("backbones", "heads", "optimizers", "pretext", "schedules"))
)

from hpsearch.testing.backbones import BackboneContract  # noqa: E402
from hpsearch.testing.heads import HeadContract  # noqa: E402
from hpsearch.testing.optimizers import OptimizerContract  # noqa: E402
from hpsearch.testing.pretext import (  # noqa: E402
    BranchContract,
    PerturbContract,
    PretextContract,
    SettingsContract,
)
from hpsearch.testing.rows import rows  # noqa: E402
from hpsearch.testing.schedules import ScheduleContract  # noqa: E402

__all__ = [
    "BackboneContract",
    "BranchContract",
    "HeadContract",
    "OptimizerContract",
    "PerturbContract",
    "PretextContract",
    "ScheduleContract",
    "SettingsContract",
    "rows",
]
