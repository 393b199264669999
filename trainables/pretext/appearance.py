"""Another look of the same head: colour, blur, cut-out and a small zoom, nothing that changes its pose."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from trainables.pretext.squares import square

REFERENCE_PX = 224
"""Side of the image that the blur is stated for, as in augmentation."""


@dataclass(frozen=True)
class Appearance:
    """How far a view may be from its image; each image's changes are drawn evenly up to these.

    `colour` is how far each channel's gain is from 1, and how far it is shifted, in standard deviations;
    `blur_px` the sigma of a Gaussian, in pixels of a 224 px image; `cutout` the side of a square of the mean
    colour, and `zoom` what is cut off around the centre, as shares of the image's side.
    """

    colour: float
    blur_px: float
    cutout: float
    zoom: float

    def of(self, images: Tensor, generator: Generator) -> Tensor:
        """Return a view [B, 3, H, W] of each of the normalised images; the input stays as it is."""
        count, device, dtype = len(images), images.device, images.dtype
        draws = torch.rand(11, count, generator=generator, device=generator.device).to(device, dtype)
        gains, shifts = (2 * draws[:6] - 1).T.reshape(2 * count, 3).view(count, 2, 3, 1, 1).unbind(1)
        blur, side, x, y, zoom = draws[6:]
        seen = _zoomed(images, 1 - self.zoom * zoom) if self.zoom else images
        if self.colour:
            seen = seen * (1 + self.colour * gains) + self.colour * shifts
        most_px = self.blur_px * images.shape[-1] / REFERENCE_PX
        if most_px:
            seen = _blurred(seen, most_px * blur, radius=math.ceil(2 * most_px))
        return seen.masked_fill(square(self.cutout * side, x, y, images), 0.0) if self.cutout else seen


def _zoomed(images: Tensor, kept: Tensor) -> Tensor:
    """Return the centres of images, `kept` [B] of the side, at the images' size."""
    scale = torch.zeros(len(images), 2, 3, device=images.device, dtype=images.dtype)
    scale[:, 0, 0] = scale[:, 1, 1] = kept
    grid = F.affine_grid(scale, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _blurred(images: Tensor, sigma_px: Tensor, radius: int) -> Tensor:
    """Return each image after a Gaussian of its own sigma [B], cut off at `radius` pixels."""
    batch, channels, height, width = images.shape
    steps = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (steps / sigma_px.clamp(min=1e-3)[:, None]) ** 2)  # [B, 2 * radius + 1]
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)
    planes = F.pad(images, [radius] * 4, mode="replicate").reshape(
        1, batch * channels, *_padded(images, radius)
    )
    planes = F.conv2d(planes, kernel[:, None, :, None], groups=batch * channels)
    planes = F.conv2d(planes, kernel[:, None, None, :], groups=batch * channels)
    return planes.reshape(batch, channels, height, width)


def _padded(images: Tensor, radius: int) -> tuple[int, int]:
    return images.shape[2] + 2 * radius, images.shape[3] + 2 * radius
