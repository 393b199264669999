"""Gaussian noise that follows from an image's parameters alone, the same on every device."""

from __future__ import annotations

import torch

from trainables.data.normalization import IMAGENET, Normalization

COLUMNS = ("noise_sigma", "noise_x", "noise_y")
"""The parameters of an image's noise."""


class NoiseField:
    """A fixed field of normal noise, twice as wide and high as an image; each image gets a crop of it."""

    def __init__(self, image_px: int, device: torch.device, normalization: Normalization = IMAGENET) -> None:
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (normalization.mean, normalization.std))
        field = torch.randn(3, 2 * image_px, 2 * image_px, generator=torch.Generator().manual_seed(0)) / std
        crops = field.to(device).unfold(1, image_px, 1).unfold(2, image_px, 1)  # views of one field
        self.image_px = image_px
        self._crops = crops.permute(1, 2, 0, 3, 4)  # [H + 1, W + 1, 3, H, W], by top and left
        self._black, self._white = (-mean / std).to(device), ((1 - mean) / std).to(device)

    def add_to(self, images: torch.Tensor, rows: torch.Tensor) -> None:
        """Add noise in place to normalised images [B, 3, H, W], from black to white.

        `rows` [B, 3] are the `COLUMNS` of each image. On a GPU nothing waits; all images share its kernels.
        """
        sigma, left, top = rows.double().unbind(1)
        places = ((edge * self.image_px).round().long() for edge in (top, left))
        images.addcmul_(self._crops[tuple(places)], sigma.float().view(-1, 1, 1, 1))
        torch.clamp_(images, self._black, self._white)
