"""Supervised heads: from features to angles. A head is one config and one row here."""

from trainables.base.table import Table
from trainables.model.heads.bins import BinsConfig
from trainables.model.heads.fisher import FisherConfig
from trainables.model.heads.head import CertainHead, Head, HeadConfig
from trainables.model.heads.regression import RegressionConfig
from trainables.model.heads.rot6d import Rot6dConfig

__all__ = [
    "HEADS",
    "BinsConfig",
    "CertainHead",
    "FisherConfig",
    "Head",
    "HeadConfig",
    "RegressionConfig",
    "Rot6dConfig",
]

HEADS = Table[HeadConfig](
    "heads",
    {
        "bins": BinsConfig,
        "regression": RegressionConfig,
        "rot6d": Rot6dConfig,
        "fisher": FisherConfig,
    },
)
