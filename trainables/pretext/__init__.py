"""Pretext tasks: what the network learns besides the pose. A task is one file and one row here."""

from trainables.base.table import Table
from trainables.pretext.none import NoPretextConfig
from trainables.pretext.pretext_config import PretextConfig
from trainables.pretext.puzzling import PuzzlingConfig
from trainables.pretext.puzzling_rotation import PuzzlingRotationConfig
from trainables.pretext.rotation import RotationConfig
from trainables.pretext.task import Perturbed, PretextTask
from trainables.pretext.task_config import TaskConfig

__all__ = [
    "PRETEXT_TASKS",
    "NoPretextConfig",
    "Perturbed",
    "PretextConfig",
    "PretextTask",
    "PuzzlingConfig",
    "PuzzlingRotationConfig",
    "RotationConfig",
    "TaskConfig",
]

PRETEXT_TASKS = Table[PretextConfig](
    "pretext",
    {
        "none": NoPretextConfig,
        "puzzling": PuzzlingConfig,
        "rotation": RotationConfig,
        "puzzling_rotation": PuzzlingRotationConfig,
    },
)
