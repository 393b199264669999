"""Split: a share of the batch is perturbed for the task, the pose is learned from the clean rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from trainables.base.schema import Config
from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views.sizes import ONE_SIZE, Sizes
from trainables.pretext.views.view import Norm, Views, count_of, task_images

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class SplitView:
    """The first images of the batch are the task's, the others the pose's; each has at least one."""

    share: float
    norm_split: bool = False

    def counts(self, batch: int, uses: Uses) -> tuple[int, int]:
        """Return the share, and the rest: at least one image each."""
        count = min(count_of(self.share, batch), batch - 1)
        return count, batch - count

    def arrange(
        self, task: PretextTask, images: Tensor, generator: Generator, unlabelled: Tensor | None = None
    ) -> Views:
        """Return the batch [B, 3, H, W], its first images perturbed and without poses."""
        import torch

        count, _ = self.counts(len(images), task.uses)
        made = task.perturb(task_images(images[:count], unlabelled), generator)
        together = torch.cat([made.images, images[count:]])
        perturbed, copies = len(made.images), len(task.uses)
        return Views(together, perturbed, made.labels, perturbed, count, self.norm_split, copies)


class SplitConfig(Config):
    """A share of each batch is perturbed for the task; the pose is learned from the clean rest."""

    share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of each batch that is the task's."""
    norm: Norm = "shared"
    """BatchNorm: `shared`: perturbed and clean images are normalised together; `split`: apart, and only clean
    ones count for evaluation."""

    @property
    def poses_are_clean(self) -> bool:
        """Return True."""
        return True

    @property
    def sizes(self) -> Sizes:
        """Return that of the batch."""
        return ONE_SIZE

    def build(self) -> SplitView:
        """Make the view."""
        return SplitView(self.share, self.norm == "split")

    def passes(self, uses: Uses) -> tuple[float, float]:
        """Return a pass for each of the pose's images, and one up to the flag for each of the task's."""
        return 1.0 - self.share, len(uses) * self.share
