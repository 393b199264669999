"""Alone: the task learns from the whole batch, and nothing else does: the view of a pretraining."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views.view import Views, task_images

if TYPE_CHECKING:
    from torch import Generator, Tensor


class AloneView:
    """The task's views of the batch, and no pose."""

    norm_split = False

    def counts(self, batch: int, uses: Uses) -> tuple[int, int]:
        """Return that all are perturbed."""
        return batch, 0

    def arrange(
        self, task: PretextTask, images: Tensor, generator: Generator, unlabelled: Tensor | None = None
    ) -> Views:
        """Return the task's views of images [B, 3, H, W]."""
        made = task.perturb(task_images(images, unlabelled), generator)
        count = len(made.images)
        return Views(made.images, count, made.labels, count, len(images), copies=len(task.uses))
