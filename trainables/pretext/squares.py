"""Squares in images, to be blanked: where they lie."""

from __future__ import annotations

import torch
from torch import Tensor


def square(side: Tensor, x: Tensor, y: Tensor, images: Tensor) -> Tensor:
    """Return where a square lies [B, 1, H, W], `side` wide, at the places x and y of the room it leaves."""
    inside = []
    for place, length in ((y, images.shape[2]), (x, images.shape[3])):
        centres = (torch.arange(length, device=images.device) + 0.5) / length
        left = (place * (1 - side))[:, None]
        inside.append((centres >= left) & (centres < left + side[:, None]))  # [B, length]
    return (inside[0][:, :, None] & inside[1][:, None, :])[:, None]
