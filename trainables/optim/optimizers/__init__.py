"""Optimizers. An optimizer is one file and one row here."""

from collections.abc import Mapping

from trainables.base.schema import Config
from trainables.optim.optimizers.adabelief import AdaBeliefConfig
from trainables.optim.optimizers.adamw import AdamWConfig
from trainables.optim.optimizers.optimizer import OptimizerConfig
from trainables.optim.optimizers.sgd import SGDConfig

__all__ = ["OPTIMIZERS", "AdaBeliefConfig", "AdamWConfig", "OptimizerConfig", "SGDConfig"]

OPTIMIZERS: Mapping[str, type[Config]] = {
    "adabelief": AdaBeliefConfig,
    "adamw": AdamWConfig,
    "sgd": SGDConfig,
}
