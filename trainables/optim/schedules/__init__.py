"""Learning-rate schedules. A schedule is one file and one row here."""

from trainables.base.table import Table
from trainables.optim.schedules.constant import ConstantConfig
from trainables.optim.schedules.cosine import CosineConfig
from trainables.optim.schedules.multi_step import MultiStepConfig
from trainables.optim.schedules.schedule import Schedule, ScheduleConfig

__all__ = ["SCHEDULES", "ConstantConfig", "CosineConfig", "MultiStepConfig", "Schedule", "ScheduleConfig"]

SCHEDULES = Table[ScheduleConfig](
    "schedules",
    {
        "multi_step": MultiStepConfig,
        "cosine": CosineConfig,
        "constant": ConstantConfig,
    },
)
