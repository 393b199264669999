"""Flipping: every other image stands on its head, and one head says which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.pretext.region_config import RegionTaskConfig
from trainables.pretext.regions import RegionHeads
from trainables.pretext.task import ONE_VIEW, Perturbed

if TYPE_CHECKING:
    from torch import Generator, Tensor


class Flipping:
    """Turns each image upside down with probability 1/2."""

    uses = ONE_VIEW

    def __init__(self, heads: RegionHeads) -> None:
        self.branches = (heads.branch("flip", regions=1, classes=2, chance=1 / 2),)

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return images [B, 3, H, W], some upside down; a label is 1 for these."""
        import torch  # not above: reading a config loads no torch

        drawn = torch.randint(2, (len(images), 1), generator=generator, device=generator.device)
        flipped = drawn.to(images.device)  # [B, 1]
        return Perturbed(
            torch.where(flipped[..., None, None] == 1, images.flip(2), images), {"flip": flipped}
        )


class FlippingConfig(RegionTaskConfig):
    """Images stand on their heads, or do not."""

    def build(self) -> Flipping:
        """Make the task."""
        return Flipping(self.region_heads())
