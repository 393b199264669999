"""Schedules: the learning rate over the epochs. A schedule is one file and one row here."""

from collections.abc import Mapping

from trainables.schedules.constant import ConstantConfig
from trainables.schedules.cosine import CosineConfig
from trainables.schedules.multi_step import MultiStepConfig
from trainables.schedules.schedule import Schedule, ScheduleConfig
from trainables.schema import Config

__all__ = ["SCHEDULES", "ConstantConfig", "CosineConfig", "MultiStepConfig", "Schedule", "ScheduleConfig"]

SCHEDULES: Mapping[str, type[Config]] = {
    "multi_step": MultiStepConfig,
    "cosine": CosineConfig,
    "constant": ConstantConfig,
}
