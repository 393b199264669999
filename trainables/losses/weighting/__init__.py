"""Loss weightings: how several losses are combined into one. A weighting is one config and one row here."""

from trainables.base.table import Table
from trainables.losses.weighting.fixed import FixedConfig
from trainables.losses.weighting.weighting import Weighting, WeightingConfig

__all__ = ["WEIGHTINGS", "FixedConfig", "Weighting", "WeightingConfig"]

WEIGHTINGS = Table[WeightingConfig]("weightings", {"fixed": FixedConfig})
