"""Optimizers: the step. An optimizer is one file and one row here."""

from collections.abc import Mapping

from trainables.optimizers.adabelief import AdaBeliefConfig
from trainables.optimizers.adamw import AdamWConfig
from trainables.optimizers.optimizer import OptimizerConfig
from trainables.optimizers.sgd import SGDConfig
from trainables.schema import Config

__all__ = ["OPTIMIZERS", "AdaBeliefConfig", "AdamWConfig", "OptimizerConfig", "SGDConfig"]

OPTIMIZERS: Mapping[str, type[Config]] = {
    "adabelief": AdaBeliefConfig,
    "adamw": AdamWConfig,
    "sgd": SGDConfig,
}
