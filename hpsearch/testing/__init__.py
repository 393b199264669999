"""The contracts that every variant keeps, as tests for pytest: for hpsearch's own and for those of plug-ins.

@pytest.mark.parametrize("config", [MyBackboneConfig(), MyBackboneConfig(width=8)])
class TestMyBackbone(BackboneContract):
    pass
"""

import pkgutil

import pytest

# before they are imported: a failed assertion then shows its values
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from hpsearch.testing.augmentations import AugmentationContract  # noqa: E402
from hpsearch.testing.averages import AverageContract  # noqa: E402
from hpsearch.testing.backbones import BackboneContract  # noqa: E402
from hpsearch.testing.configs import rows  # noqa: E402
from hpsearch.testing.datasets import DatasetContract  # noqa: E402
from hpsearch.testing.heads import HeadContract  # noqa: E402
from hpsearch.testing.importers import ImporterContract  # noqa: E402
from hpsearch.testing.inits import InitContract  # noqa: E402
from hpsearch.testing.optimizers import OptimizerContract  # noqa: E402
from hpsearch.testing.pretext import (  # noqa: E402
    BranchContract,
    PerturbContract,
    PretextContract,
    SettingsContract,
)
from hpsearch.testing.pruners import PrunerContract  # noqa: E402
from hpsearch.testing.samplers import SamplerContract  # noqa: E402
from hpsearch.testing.schedules import ScheduleContract  # noqa: E402
from hpsearch.testing.targets import TargetContract  # noqa: E402
from hpsearch.testing.views import ViewContract  # noqa: E402
from hpsearch.testing.weightings import WeightingContract  # noqa: E402

__all__ = [
    "AugmentationContract",
    "AverageContract",
    "BackboneContract",
    "BranchContract",
    "DatasetContract",
    "HeadContract",
    "ImporterContract",
    "InitContract",
    "OptimizerContract",
    "PerturbContract",
    "PretextContract",
    "PrunerContract",
    "SamplerContract",
    "ScheduleContract",
    "SettingsContract",
    "TargetContract",
    "ViewContract",
    "WeightingContract",
    "rows",
]
