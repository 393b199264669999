"""Inpainting: blocks of the image are blanked, and the branch paints them [Xie et al. 2022, SimMIM]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from trainables.pretext.branch import Measure
from trainables.pretext.task import ONE_VIEW, Perturbed
from trainables.pretext.task_config import TaskConfig

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.pretext.fork import Fork
    from trainables.pretext.inpainting_branch import InpaintingBranch

NAME = "inpainting"


@dataclass(frozen=True)
class InpaintingPlan:
    """The branch before it is built."""

    name: str = NAME
    loss_names: tuple[str, ...] = (NAME,)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """How much of the blanked pixels' squared distance from their mean colour is explained; by chance
        nothing."""
        return {f"{NAME}_explained": Measure(chance=0.0)}

    def build(self, fork: Fork) -> InpaintingBranch:
        """Make the module."""
        from trainables.pretext.inpainting_branch import InpaintingBranch

        return InpaintingBranch(fork, NAME)


class Inpainting:
    """Blanks some of `blocks` x `blocks` blocks of each image, as many in each and all equally likely."""

    uses = ONE_VIEW

    def __init__(self, blocks: int, masked: float) -> None:
        self.branches = (InpaintingPlan(),)
        self.blocks, self.count = blocks, max(1, round(masked * blocks**2))

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return images [B, 3, H, W] with blocks of the mean colour.

        A label [4, H, W] is the image as it was, and behind it 1 where it is blanked.
        """
        import torch

        shape = len(images), self.blocks**2
        draws = torch.rand(shape, generator=generator, device=generator.device).to(images.device)
        chosen = draws.argsort(dim=1).argsort(dim=1) < self.count  # [B, blocks^2]
        rows, columns = (
            torch.arange(side, device=images.device) * self.blocks // side for side in images.shape[2:]
        )
        block = self.blocks * rows[:, None] + columns  # [H, W]: which block a pixel is of
        blank = chosen[:, block][:, None]  # [B, 1, H, W]
        label = torch.cat([images, blank.to(images.dtype)], dim=1)
        return Perturbed(images.masked_fill(blank, 0.0), {NAME: label})


class InpaintingConfig(TaskConfig):
    """Blocks of the image are blanked, and painted by the branch."""

    blocks: int = Field(7, ge=2, le=16)
    """Blocks along each side of the image: of 224 px, 7 are of 32 px."""
    masked: float = Field(0.5, ge=0.05, le=0.95)
    """Share of the blocks that are blanked."""

    @model_validator(mode="after")
    def _paints_without_a_pool(self) -> InpaintingConfig:
        if self.branch.pool != "average":
            raise ValueError("branch.pool: inpainting needs its maps whole and has no pool: leave this out")
        return self

    def build(self) -> Inpainting:
        """Make the task."""
        return Inpainting(self.blocks, self.masked)
