"""Several: the pose is learned from the clean batch, each of several tasks from a copy of a share of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views.view import Part, Views, count_of, task_images

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class SeveralView:
    """The clean batch, and before it what each task makes of a share of it; the tasks are the view's own."""

    shares: tuple[tuple[PretextTask, float], ...]
    norm_split: bool = False

    def counts(self, batch: int, uses: Uses) -> tuple[int, int]:
        """Return the shares of all tasks together, and the whole batch."""
        return sum(count_of(share, batch) for _, share in self.shares), batch

    def arrange(
        self, task: PretextTask, images: Tensor, generator: Generator, unlabelled: Tensor | None = None
    ) -> Views:
        """Return each task's views of the first images, then the batch [B, 3, H, W] as it is."""
        import torch

        together, parts, first = [], [], 0
        for each, share in self.shares:
            own = task_images(images[: count_of(share, len(images))], unlabelled)
            made = each.perturb(own, generator)
            names = tuple(plan.name for plan in each.branches)
            parts.append(Part(names, first, len(made.images), made.labels, len(each.uses)))
            together.append(made.images)
            first += len(made.images)
        forwarded = torch.cat([*together, images])
        return Views(forwarded, first, pose_from=first, norm_split=self.norm_split, parts=tuple(parts))
