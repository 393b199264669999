"""Pruners: when a trial is stopped early. A pruner is one file and one row here; all keep a warm-up."""

from hpsearch.study.policy.pruners.hyperband import HyperbandConfig
from hpsearch.study.policy.pruners.median import MedianConfig
from hpsearch.study.policy.pruners.none import NoPrunerConfig
from hpsearch.study.policy.pruners.pruner import PrunerConfig
from hpsearch.study.policy.pruners.successive_halving import SuccessiveHalvingConfig
from trainables.base.table import Table

__all__ = [
    "PRUNERS",
    "HyperbandConfig",
    "MedianConfig",
    "NoPrunerConfig",
    "PrunerConfig",
    "SuccessiveHalvingConfig",
]

PRUNERS = Table[PrunerConfig](
    "pruners",
    {
        "none": NoPrunerConfig,
        "median": MedianConfig,
        "successive_halving": SuccessiveHalvingConfig,
        "hyperband": HyperbandConfig,
    },
)
