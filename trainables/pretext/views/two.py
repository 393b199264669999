"""Two: the pose is learned from the clean batch, the task from a perturbed copy of a share of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views.view import Norm, Share, Views, count_of, task_images

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class TwoViews:
    """The clean batch, and before it a perturbed copy of its first images, forwarded up to the flag alone."""

    share: float = 1.0
    norm_split: bool = False

    def counts(self, batch: int, uses: Uses) -> tuple[int, int]:
        """Return the share, and the whole batch."""
        return count_of(self.share, batch), batch

    def arrange(
        self, task: PretextTask, images: Tensor, generator: Generator, unlabelled: Tensor | None = None
    ) -> Views:
        """Return a perturbed copy of the first images, then the batch [B, 3, H, W] as it is."""
        import torch

        count, _ = self.counts(len(images), task.uses)
        made = task.perturb(task_images(images[:count], unlabelled), generator)
        together = torch.cat([made.images, images])
        perturbed, copies = len(made.images), len(task.uses)
        return Views(together, perturbed, made.labels, perturbed, 0, self.norm_split, copies)


class TwoConfig(Config):
    """The pose is learned from the clean batch, the task from a perturbed copy of a share of it."""

    share: Share = 1.0
    """Share of each batch that is copied."""
    norm: Norm = "shared"
    """BatchNorm: `shared`: copy and batch are normalised together; `split`: apart, and only the batch counts
    for evaluation."""

    @property
    def poses_are_clean(self) -> bool:
        """Return True."""
        return True

    def build(self) -> TwoViews:
        """Make the view."""
        return TwoViews(self.share, self.norm == "split")

    def passes(self, uses: Uses) -> tuple[float, float]:
        """Return a pass for each image, and one up to the flag for each copy."""
        return 1.0, len(uses) * self.share
