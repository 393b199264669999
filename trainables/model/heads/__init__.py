"""Supervised heads: from features to angles. A head is one config and one row here."""

from collections.abc import Mapping

from trainables.base.schema import Config
from trainables.model.heads.bins import BinsConfig
from trainables.model.heads.head import Head, HeadConfig
from trainables.model.heads.regression import RegressionConfig
from trainables.model.heads.rot6d import Rot6dConfig

__all__ = ["HEADS", "BinsConfig", "Head", "HeadConfig", "RegressionConfig", "Rot6dConfig"]

HEADS: Mapping[str, type[Config]] = {
    "bins": BinsConfig,
    "regression": RegressionConfig,
    "rot6d": Rot6dConfig,
}
