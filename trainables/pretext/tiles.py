"""Square images cut into a grid of tiles that change places and turn: the operations of all tile tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from trainables.pretext.border import Border
from trainables.pretext.squares import square

FILL = 0.0  # of a normalised image: the mean colour


@dataclass(frozen=True)
class Tiles:
    """A `grid` x `grid` cut of square images; regions are numbered row by row.

    Tiles have the side `H // grid`. Where that leaves a rim, the centred square of tiles is rearranged, and
    the rim is filled with the mean colour (`fill`) or keeps its pixels (`keep`), whatever the arrangement.
    With `resample` there is no rim: the image is scaled up to the next multiple of the grid, and scaled back
    once its tiles have moved. `cutout` is the side of a square that is blanked then, share of the image's.
    """

    TURNS: ClassVar[int] = 4
    """Quarter turns: 0, 90, 180 and 270 degrees counter-clockwise."""

    grid: int
    border: Border = "fill"
    cutout: float = 0.0

    @property
    def regions(self) -> int:
        """The number of tiles."""
        return self.grid * self.grid

    def draw_order(self, images: Tensor, generator: Generator) -> Tensor:
        """Return a permutation per image [B, R], uniform over all R! of them, on the device of `images`."""
        shape = len(images), self.regions
        draws = torch.rand(shape, generator=generator, device=generator.device, dtype=torch.float64)
        return draws.argsort(dim=1).to(images.device)

    def in_place(self, images: Tensor) -> Tensor:
        """Return the permutation [B, R] that moves no tile."""
        return torch.arange(self.regions, device=images.device).expand(len(images), -1)

    def upright(self, images: Tensor) -> Tensor:
        """Return the turns [B, R] that turn no tile."""
        return torch.zeros(len(images), self.regions, dtype=torch.int64, device=images.device)

    def draw_turns(self, images: Tensor, generator: Generator, turned: int | None = None) -> Tensor:
        """Return quarter turns [B, R], each uniform over 0 to 3, on the device of `images`.

        With `turned`, only that many regions per image, chosen uniformly, are turned; the others stay 0.
        """
        chosen = None if turned is None else self.draw_order(images, generator)[:, :turned]
        shape = len(images), self.regions if turned is None else turned
        turns = torch.randint(self.TURNS, shape, generator=generator, device=generator.device)
        turns = turns.to(images.device)
        if chosen is None:
            return turns
        return turns.new_zeros(len(images), self.regions).scatter(1, chosen, turns)

    def rearrange(
        self, images: Tensor, *, order: Tensor | None = None, turns: Tensor | None = None
    ) -> Tensor:
        """Return images [B, C, H, H] whose region r is the input's region `order[b, r]`, turned.

        `order` and `turns` are int64 [B, R]; a turn is 90 degrees counter-clockwise; where one is None, tiles
        keep their place or their turn. Pixels are moved, and interpolated by `resample` alone. Raises
        `ValueError` where the images are not square or smaller than the grid.
        """
        batch, channels, height, px = images.shape
        if height != px or px < self.grid:
            raise ValueError(f"a {self.grid}x{self.grid} grid needs square images, got {height}x{px} px")
        if px % self.grid and self.border == "resample":
            whole = F.interpolate(images, 2 * [self.grid * -(-px // self.grid)], mode="bilinear")
            return F.interpolate(self.rearrange(whole, order=order, turns=turns), 2 * [px], mode="bilinear")
        order = self.in_place(images) if order is None else order
        turns = self.upright(images) if turns is None else turns
        side = px // self.grid
        inner, rim = side * self.grid, (px - side * self.grid) // 2
        source = self._source(px, side, rim, order, turns)  # [B, inner * inner]
        pixels = images.flatten(2).gather(2, source[:, None].expand(-1, channels, -1))
        pieces = pixels.view(batch, channels, inner, inner)
        if inner == px:
            return pieces
        out = images.clone() if self.border == "keep" else torch.full_like(images, FILL)
        out[..., rim : rim + inner, rim : rim + inner] = pieces
        return out

    def blank(self, images: Tensor, generator: Generator) -> Tensor:
        """Return images [B, C, H, W] with a square of the mean colour, each at a place of its own.

        Without a cutout they are returned as they are, and nothing is drawn.
        """
        if not self.cutout:
            return images
        places = torch.rand(2, len(images), generator=generator, device=generator.device)
        x, y = places.to(images.device, images.dtype)
        return images.masked_fill(square(torch.full_like(x, self.cutout), x, y, images), FILL)

    def _source(self, px: int, side: int, rim: int, order: Tensor, turns: Tensor) -> Tensor:
        """Return, for each pixel of the rearranged square, the flat position that it comes from."""
        step = torch.arange(side, device=order.device)
        upright = step[:, None] * px + step
        turned = torch.stack([torch.rot90(upright, k) for k in range(self.TURNS)])  # [4, side, side]
        place = rim + side * torch.arange(self.grid, device=order.device)
        origin = (place[:, None] * px + place).flatten()  # [R]
        source = origin[order][..., None, None] + turned[turns]  # [B, R, side, side]
        return source.view(-1, self.grid, self.grid, side, side).transpose(2, 3).flatten(1)
