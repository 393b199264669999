"""Images turned in their plane and mirrored, as the labels of a target are by `Target.augmented`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def changed_in_plane(images: Tensor, *, mirrored: Tensor, turn_deg: Tensor) -> Tensor:
    """Return images [B, 3, H, H] turned clockwise by `turn_deg` [B], then `mirrored` [B] left to right.

    Corners that a turn uncovers are the mean colour, 0; pixels are interpolated.
    """
    angle = torch.deg2rad(turn_deg.to(images.dtype))
    side = 1.0 - 2.0 * mirrored.to(images.dtype)  # -1: from the other side
    zero = torch.zeros_like(angle)
    # where each pixel comes from: mirrored back, then turned back, with y down
    back = torch.stack(
        [
            torch.stack([side * angle.cos(), angle.sin(), zero], dim=1),
            torch.stack([-side * angle.sin(), angle.cos(), zero], dim=1),
        ],
        dim=1,
    )
    grid = F.affine_grid(back, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
