"""Optimizers. An optimizer is one file and one row here."""

from trainables.base.table import Table
from trainables.optim.optimizers.adabelief import AdaBeliefConfig
from trainables.optim.optimizers.adamw import AdamWConfig
from trainables.optim.optimizers.optimizer import OptimizerConfig
from trainables.optim.optimizers.sgd import SGDConfig

__all__ = ["OPTIMIZERS", "AdaBeliefConfig", "AdamWConfig", "OptimizerConfig", "SGDConfig"]

OPTIMIZERS = Table[OptimizerConfig](
    "optimizers",
    {
        "adabelief": AdaBeliefConfig,
        "adamw": AdamWConfig,
        "sgd": SGDConfig,
    },
)
