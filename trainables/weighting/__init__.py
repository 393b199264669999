"""Loss weightings: many losses into one. A weighting is one file and one row here."""

from collections.abc import Mapping

from trainables.schema import Config
from trainables.weighting.fixed import FixedConfig
from trainables.weighting.weighting import Weighting, WeightingConfig

__all__ = ["WEIGHTINGS", "FixedConfig", "Weighting", "WeightingConfig"]

WEIGHTINGS: Mapping[str, type[Config]] = {"fixed": FixedConfig}
