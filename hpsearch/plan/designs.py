"""The designs of a space that a plan is about: the cheapest and the dearest."""

from __future__ import annotations

from trainables.pretext.task_config import TaskConfig
from trainables.pretext.views.two import TwoConfig
from trainables.training.config import TrainConfig

BRANCH_WORK = 0.1
"""Work of a pretext task's branch, as a share of the trunk's; its order alone matters here."""


def work_of(config: TrainConfig) -> float:
    """Return the work of a whole training, in no unit: larger trunks, images and epochs are dearer."""
    task = config.pretext if isinstance(config.pretext, TaskConfig) else None
    extra = 0.0
    if task is not None:
        extra = BRANCH_WORK + (task.view.share if isinstance(task.view, TwoConfig) else 0.0)
    trunk = config.network.backbone.trunk_values * config.data.image_px**2
    return trunk * config.epochs * (1 + extra)


def extremes(configs: list[TrainConfig]) -> tuple[TrainConfig, TrainConfig]:
    """Return the cheapest and the dearest config by `work_of`."""
    return min(configs, key=work_of), max(configs, key=work_of)
