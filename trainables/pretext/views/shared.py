"""Shared: pose and task learn from the same images, perturbed ones among them (the paper's form)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import model_validator

from trainables.base.schema import Config
from trainables.pretext.task import PretextTask
from trainables.pretext.views.view import Norm, Share, Views, count_of

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class SharedView:
    """A share of the batch is perturbed; the pose is learned from all of it."""

    share: float = 1.0
    norm_split: bool = False

    def arrange(self, task: PretextTask, images: Tensor, generator: Generator) -> Views:
        """Return the batch [B, 3, H, W], its first images perturbed."""
        import torch

        count = count_of(self.share, len(images))
        perturbed = task.perturb(images[:count], generator)
        clean = images[count:]
        together = torch.cat([perturbed.images, clean]) if len(clean) else perturbed.images
        return Views(together, count, perturbed.labels, norm_split=self.norm_split)


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

    def build(self) -> SharedView:
        """Make the view."""
        return SharedView(self.share, self.norm == "split")
