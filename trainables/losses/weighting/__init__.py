"""Loss weightings: how several losses train one network. A weighting is one config and one row here."""

from trainables.base.table import Table
from trainables.losses.weighting.cagrad import CAGradConfig
from trainables.losses.weighting.dwa import DwaConfig
from trainables.losses.weighting.famo import FamoConfig
from trainables.losses.weighting.fixed import FixedConfig
from trainables.losses.weighting.gcs import GcsConfig
from trainables.losses.weighting.geometric_mean import GeometricMeanConfig
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.pcgrad import PCGradConfig
from trainables.losses.weighting.primary_first import PrimaryFirstConfig
from trainables.losses.weighting.random_weights import RandomConfig
from trainables.losses.weighting.uncertainty import UncertaintyConfig
from trainables.losses.weighting.weighting import (
    BacksAgain,
    ForwardsAgain,
    GradientWeighting,
    LooksBack,
    Weighting,
    WeightingConfig,
    backs_again,
    forwards_again,
)

__all__ = [
    "WEIGHTINGS",
    "BacksAgain",
    "CAGradConfig",
    "DwaConfig",
    "FamoConfig",
    "FixedConfig",
    "ForwardsAgain",
    "GcsConfig",
    "GeometricMeanConfig",
    "GradientWeighting",
    "LooksBack",
    "LossWeight",
    "PCGradConfig",
    "PrimaryFirstConfig",
    "RandomConfig",
    "UncertaintyConfig",
    "Weighting",
    "WeightingConfig",
    "backs_again",
    "forwards_again",
]

WEIGHTINGS = Table[WeightingConfig](
    "weightings",
    {
        "fixed": FixedConfig,
        "uncertainty": UncertaintyConfig,
        "geometric_mean": GeometricMeanConfig,
        "dwa": DwaConfig,
        "famo": FamoConfig,
        "random": RandomConfig,
        "pcgrad": PCGradConfig,
        "cagrad": CAGradConfig,
        "gcs": GcsConfig,
        "primary_first": PrimaryFirstConfig,
    },
)
