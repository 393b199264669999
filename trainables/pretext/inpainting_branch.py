"""The module of inpainting: a block, and a linear layer from each of its pixels to a patch of the image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainables.pretext.branch import Seen
from trainables.pretext.fork import Fork

COLOURS = 3


@dataclass(frozen=True)
class Painting:
    """Painted images [N, 3, H, W], beside those that were meant, and where they were blank [N, 1, H, W]."""

    painted: Tensor
    meant: Tensor
    blank: Tensor


class InpaintingBranch(nn.Module):
    """Paints whole images; only what was blank counts."""

    def __init__(self, fork: Fork, name: str) -> None:
        super().__init__()
        self.stage, self.name = fork.stage, name
        neck = fork.neck()
        self.block = neck.block
        self.linear = nn.Conv2d(neck.features, COLOURS * neck.reduction**2, kernel_size=1)
        self.patches = nn.PixelShuffle(neck.reduction)

    def forward(self, seen: Seen) -> Painting:
        """Return the painted images."""
        label = seen.labels[self.name]
        height, width = label.shape[2:]
        painted = self.patches(self.linear(self.block(seen.maps[self.stage - 1])))
        return Painting(painted[..., :height, :width], label[:, :COLOURS], label[:, COLOURS:])

    def losses(self, output: Painting) -> dict[str, Tensor]:
        """Return the mean absolute error [] of blank pixels, normalised as images are [SimMIM, 3.4]."""
        blank = output.blank.float()
        error = (output.painted.float() - output.meant.float()).abs() * blank
        return {self.name: error.sum() / (COLOURS * blank.sum())}

    def measure(self, output: Painting) -> dict[str, Tensor]:
        """Return 1 - squared error / squared distance from the mean colour, over blank pixels."""
        blank = output.blank.float()
        meant = output.meant.float()
        pixels = blank.sum(dim=(0, 2, 3), keepdim=True)
        mean = (meant * blank).sum(dim=(0, 2, 3), keepdim=True) / pixels  # [1, 3, 1, 1]
        wrong = ((output.painted.float() - meant).square() * blank).sum()
        spread = ((meant - mean).square() * blank).sum()
        return {f"{self.name}_explained": 1 - wrong / torch.clamp(spread, min=1e-12)}

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Change nothing: the branch has no state."""
