"""Pretext tasks: what the network learns besides the pose. A task is one file and one row here."""

from trainables.base.table import Table
from trainables.pretext.embeddings.barlow_twins import BarlowTwinsConfig
from trainables.pretext.embeddings.byol import ByolConfig
from trainables.pretext.embeddings.simsiam import SimSiamConfig
from trainables.pretext.embeddings.vicreg import VicregConfig
from trainables.pretext.equivariance import EquivarianceConfig
from trainables.pretext.inpainting import InpaintingConfig
from trainables.pretext.none import NoPretextConfig
from trainables.pretext.pretext_config import PretextConfig, collapse_levels, members_of
from trainables.pretext.puzzling import PuzzlingConfig
from trainables.pretext.puzzling_rotation import PuzzlingRotationConfig
from trainables.pretext.rotation import RotationConfig
from trainables.pretext.several import SeveralConfig
from trainables.pretext.task import Perturbed, PretextTask
from trainables.pretext.task_config import TaskConfig

__all__ = [
    "PRETEXT_TASKS",
    "BarlowTwinsConfig",
    "ByolConfig",
    "EquivarianceConfig",
    "InpaintingConfig",
    "NoPretextConfig",
    "Perturbed",
    "PretextConfig",
    "PretextTask",
    "PuzzlingConfig",
    "PuzzlingRotationConfig",
    "RotationConfig",
    "SeveralConfig",
    "SimSiamConfig",
    "TaskConfig",
    "VicregConfig",
    "collapse_levels",
    "members_of",
]

PRETEXT_TASKS = Table[PretextConfig](
    "pretext",
    {
        "none": NoPretextConfig,
        "puzzling": PuzzlingConfig,
        "rotation": RotationConfig,
        "puzzling_rotation": PuzzlingRotationConfig,
        "simsiam": SimSiamConfig,
        "byol": ByolConfig,
        "vicreg": VicregConfig,
        "barlow_twins": BarlowTwinsConfig,
        "equivariance": EquivarianceConfig,
        "inpainting": InpaintingConfig,
        "several": SeveralConfig,
    },
)
