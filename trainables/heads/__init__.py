"""Supervised heads: from features to angles. A head is one file and one row here."""

from collections.abc import Mapping

from trainables.heads.bins import BinsConfig
from trainables.heads.head import Head, HeadConfig
from trainables.heads.regression import RegressionConfig
from trainables.schema import Config

__all__ = ["HEADS", "BinsConfig", "Head", "HeadConfig", "RegressionConfig"]

HEADS: Mapping[str, type[Config]] = {"bins": BinsConfig, "regression": RegressionConfig}
