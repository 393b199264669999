"""Pictures cut into a grid of square tiles that change places and turn: what the tile tasks share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor

from trainables.base.schema import Config
from trainables.losses.losses import RegionReduction
from trainables.pretext.task import PretextConfig, SslHeads

Border = Literal["fill", "keep"]

TURNS = 4  # quarter turns: 0, 90, 180 and 270 degrees counter-clockwise
MIN_TILE_PX = 8
"""A tile smaller than this holds less than one cell of the network's earliest branch point."""

FILL = 0.0  # of a normalised picture: the mean colour


@dataclass(frozen=True)
class Tiles:
    """A `grid` x `grid` cut of square pictures; regions are numbered row by row.

    Tiles have the side `H // grid`; where that leaves a rim, the centred square of tiles is rearranged and
    the rim is filled with the mean colour for every arrangement (`fill`), or kept (`keep`).
    """

    grid: int
    border: Border = "fill"

    @property
    def regions(self) -> int:
        """The number of tiles."""
        return self.grid * self.grid

    def rearranged(self, images: Tensor, order: Tensor, turns: Tensor) -> Tensor:
        """Return pictures [B, C, H, H] whose region r is the input's region `order[b, r]`, turned.

        `order` and `turns` are int64 [B, R]; a turn is 90 degrees counter-clockwise. Pixels are moved, never
        interpolated. Raises `ValueError` where the pictures are not square or smaller than the grid.
        """
        batch, channels, height, px = images.shape
        if height != px or px < self.grid:
            raise ValueError(f"a {self.grid}x{self.grid} grid needs square pictures, got {height}x{px} px")
        side = px // self.grid
        inner, rim = side * self.grid, (px - side * self.grid) // 2
        source = self._source(px, side, rim, images.device, order, turns)  # [B, inner * inner]
        pixels = images.flatten(2).gather(2, source[:, None].expand(-1, channels, -1))
        pieces = pixels.view(batch, channels, inner, inner)
        if inner == px:
            return pieces
        out = images.clone() if self.border == "keep" else torch.full_like(images, FILL)
        out[..., rim : rim + inner, rim : rim + inner] = pieces
        return out

    def _source(
        self, px: int, side: int, rim: int, device: torch.device, order: Tensor, turns: Tensor
    ) -> Tensor:
        """Return, for each pixel of the rearranged square, the flat position that it comes from."""
        step = torch.arange(side, device=device)
        upright = step[:, None] * px + step
        turned = torch.stack([torch.rot90(upright, k) for k in range(TURNS)])  # [4, side, side]
        place = rim + side * torch.arange(self.grid, device=device)
        origin = (place[:, None] * px + place).flatten()  # [R]
        source = origin[order][..., None, None] + turned[turns]  # [B, R, side, side]
        return source.view(-1, self.grid, self.grid, side, side).transpose(2, 3).flatten(1)


def random_orders(batch: int, regions: int, images: Tensor, generator: Generator) -> Tensor:
    """Return a permutation a sample [B, R], uniform over all R! of them, on the device of `images`."""
    draws = torch.rand(batch, regions, generator=generator, device=generator.device, dtype=torch.float64)
    return draws.argsort(dim=1).to(images.device)


def random_turns(batch: int, regions: int, images: Tensor, generator: Generator) -> Tensor:
    """Return quarter turns [B, R], each uniform over 0 to 3, on the device of `images`."""
    shape = (batch, regions)
    return torch.randint(TURNS, shape, generator=generator, device=generator.device).to(images.device)


def kept_order(batch: int, regions: int, images: Tensor) -> Tensor:
    """Return the identity permutation [B, R] on the device of `images`."""
    return torch.arange(regions, device=images.device).expand(batch, regions)


def tile_incompatibility(pretext: PretextConfig, image_px: int) -> str | None:
    """Return why a task cannot cut pictures of this side, or None."""
    grid = getattr(pretext, "grid", 1)
    if image_px // grid >= MIN_TILE_PX:
        return None
    return (
        f"a grid of {grid} cuts {image_px} px into tiles below {MIN_TILE_PX} px: "
        "take a smaller grid or a larger data.image_px"
    )


class BranchConfig(Config):
    """The convolution block at the head of a self-supervised branch."""

    out_channels: int | None = Field(None, ge=4, le=4096, multiple_of=4)
    """Channels that the block ends with; null: twice those at the flag, at most those of stage 4 (the paper
    is silent)."""
    stride: Literal[1, 2] | None = None
    """Stride of the block; null: 2 after stages 1 to 3, 1 after stage 4 (the paper is silent)."""


class TileConfig(Config):
    """The settings that all tile tasks share."""

    grid: int = Field(2, ge=2, le=5)
    """Tiles along each side: 2 cuts the picture into 2x2 regions [paper 3]."""
    flag: int = Field(3, ge=1, le=4)
    """The ResNet stage, 1 to 4, that the self-supervised branch forks after; 3 was the best [paper 4.1]."""
    heads: bool = True
    """Train the self-supervised heads; false: the perturbed pictures alone ("w/o SSHs") [paper 5.2]."""
    ssl_weight: float = Field(1.0, ge=0.0, allow_inf_nan=False)
    """Weight of the self-supervised loss; 1 in [paper 4.1, 5.2], 50 with bins in [paper 4.2]."""
    ssl_reduction: RegionReduction = "sum"
    """How the losses of a branch's regions are put together; `sum` in the paper [paper, formulas 1 to 3]."""
    dropout: float = Field(0.2, ge=0.0, lt=1.0)
    """Dropout before the self-supervised heads, a probability [paper 4.1]."""
    branch: BranchConfig = BranchConfig()
    """The convolution block of the branch."""
    border: Border = "fill"
    """The rim, where the side is no multiple of the grid: `fill` it with the mean colour or `keep` it."""

    def tiles(self) -> Tiles:
        """Return the cut."""
        return Tiles(self.grid, self.border)

    def ssl_heads(self) -> SslHeads | None:
        """Return how the branches are attached, or None for `heads: false`."""
        if not self.heads:
            return None
        return SslHeads(
            flag=self.flag,
            dropout=self.dropout,
            out_channels=self.branch.out_channels,
            stride=self.branch.stride,
            weight=self.ssl_weight,
            reduction=self.ssl_reduction,
        )
