"""Hue turn: the hue of each image is turned, and one head predicts by how much. A task without tiles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field

from trainables.pretext.region_config import RegionTaskConfig
from trainables.pretext.regions import RegionHeads
from trainables.pretext.task import ONE_VIEW, Perturbed

if TYPE_CHECKING:
    from torch import Generator, Tensor


class HueTurn:
    """Turns the colours of each image about the grey axis, by one of `classes` equally spaced angles."""

    uses = ONE_VIEW

    def __init__(self, classes: int, heads: RegionHeads) -> None:
        self.classes = classes
        self.branches = (heads.branch("hue", regions=1, classes=classes, chance=1 / classes),)

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return images [B, 3, H, W] in turned colours; the label counts steps of 360 / `classes` degrees."""
        import torch

        step = torch.randint(self.classes, (len(images), 1), generator=generator, device=images.device)
        angle = step[..., None] * (2 * math.pi / self.classes)  # [B, 1, 1]
        # Rodrigues' formula for the axis (1, 1, 1) / sqrt(3)
        cross = images.new_tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
        along = images.new_full((3, 3), 1 / 3)
        across = torch.eye(3, device=images.device) - along
        turn = along + angle.cos() * across + angle.sin() * cross  # [B, 3, 3]
        return Perturbed(torch.einsum("bij,bjhw->bihw", turn, images), {"hue": step})


class HueTurnConfig(RegionTaskConfig):
    """The hue of the whole image is turned."""

    classes: int = Field(4, ge=2, le=12)
    """Angles to tell apart, equally spaced."""

    def build(self) -> HueTurn:
        """Make the task."""
        return HueTurn(self.classes, self.region_heads())
