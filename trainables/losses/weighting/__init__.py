"""Loss weightings: how several losses train one network. A weighting is one config and one row here."""

from trainables.base.table import Table
from trainables.losses.weighting.fixed import FixedConfig
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import GradientWeighting, Weighting, WeightingConfig

__all__ = ["WEIGHTINGS", "FixedConfig", "GradientWeighting", "LossWeight", "Weighting", "WeightingConfig"]

WEIGHTINGS = Table[WeightingConfig]("weightings", {"fixed": FixedConfig})
