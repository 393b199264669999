"""Averages of the weights over the steps of a run. An average is one file and one row here."""

from trainables.base.table import Table
from trainables.optim.averages.average import NORM_BATCHES, Average, AverageConfig
from trainables.optim.averages.ema import EmaConfig
from trainables.optim.averages.last import LastConfig
from trainables.optim.averages.none import NoneConfig

__all__ = ["AVERAGES", "NORM_BATCHES", "Average", "AverageConfig", "EmaConfig", "LastConfig", "NoneConfig"]

AVERAGES = Table[AverageConfig](
    "averages",
    {
        "none": NoneConfig,
        "ema": EmaConfig,
        "last": LastConfig,
    },
)
