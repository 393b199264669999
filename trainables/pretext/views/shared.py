"""Shared: pose and task learn from the same images, perturbed ones among them (the paper's form)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import model_validator

from trainables.base.schema import Config
from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views.sizes import ONE_SIZE, Sizes
from trainables.pretext.views.view import Norm, Share, Views, count_of, task_images

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class SharedView:
    """A share of the batch is perturbed; the pose is learned from all of it, perturbed or not.

    Where none of the task's views is for both, the pose is learned from the clean batch.
    """

    share: float = 1.0
    norm_split: bool = False

    def counts(self, batch: int, uses: Uses) -> tuple[int, int]:
        """Return the share, and the rest; the whole batch where the pose is not learned from the share."""
        count = count_of(self.share, batch)
        return count, batch - count if "both" in uses else batch

    def arrange(
        self, task: PretextTask, images: Tensor, generator: Generator, unlabelled: Tensor | None = None
    ) -> Views:
        """Return the views that are the helper's, then the batch [B, 3, H, W], its first images perturbed."""
        import torch

        count, rest = self.counts(len(images), task.uses)
        made = task.perturb(task_images(images[:count], unlabelled), generator)
        # a view that is for both is the last (`PretextTask.uses`): its rows stand next to the clean ones, so
        # that the rows with a pose are the end of what is forwarded, in the order of the batch
        both = len(images) - rest
        clean = images[both:]
        together = torch.cat([made.images, clean]) if len(clean) else made.images
        perturbed, copies = len(made.images), len(task.uses)
        return Views(together, perturbed, made.labels, perturbed - both, 0, self.norm_split, copies)


class SharedConfig(Config):
    """Pose and task learn from the same images, a share of which is perturbed. [paper 3: all of them]"""

    share: Share = 1.0
    """Share of each batch that is perturbed."""
    norm: Norm = "shared"
    """BatchNorm: `shared`: perturbed and clean images are normalised together; `split`: apart, and only clean
    ones count for evaluation."""

    @model_validator(mode="after")
    def _split_needs_clean_images(self) -> SharedConfig:
        if self.norm == "split" and self.share == 1:
            raise ValueError("norm: split needs clean images beside the perturbed ones: take a share below 1")
        return self

    @property
    def poses_are_clean(self) -> bool:
        """Return False."""
        return False

    @property
    def sizes(self) -> Sizes:
        """Return that of the batch."""
        return ONE_SIZE

    def build(self) -> SharedView:
        """Make the view."""
        return SharedView(self.share, self.norm == "split")

    def passes(self, uses: Uses) -> tuple[float, float]:
        """Return one pass for each image, and one up to the flag for each view that is the helper's alone."""
        return 1.0, uses.count("helper") * self.share
