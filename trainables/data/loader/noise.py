"""Gaussian noise that follows from an image's parameters alone, the same on every device."""

from __future__ import annotations

import torch

from trainables.data.augmentation.plan import Parameters
from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD


class NoiseField:
    """A fixed field of normal noise, twice as wide and high as an image; each image gets a crop of it."""

    def __init__(self, image_px: int, device: torch.device) -> None:
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
        field = torch.randn(3, 2 * image_px, 2 * image_px, generator=torch.Generator().manual_seed(0)) / std
        self.image_px = image_px
        self._field = field.to(device)  # [3, 2H, 2W]
        self._black, self._white = (-mean / std).to(device), ((1 - mean) / std).to(device)

    def add_to(self, images: torch.Tensor, rows: Parameters) -> None:
        """Add the noise of parameters [B] in place to normalised images [B, 3, H, W], from black to white."""
        for image, row in zip(images, rows, strict=True):
            left, top = (round(float(row[name]) * self.image_px) for name in ("noise_x", "noise_y"))
            cut = self._field[:, top : top + self.image_px, left : left + self.image_px]
            image.add_(cut, alpha=float(row["noise_sigma"]))
        torch.clamp_(images, self._black, self._white)
