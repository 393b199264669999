"""The three axes of a head, and drawing them as HopeNet does. The convention is that of `geometry.py`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from trainables.geometry import matrix_from_pose

COLOURS = ((235, 64, 52), (52, 199, 89), (64, 140, 255))
"""Red: the subject's left. Green: down. Blue: out of the face, along the nose."""


def head_rotation(pose_deg: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the rotation [3, 3] that turns a head facing the viewer (x right, y up, z to the viewer) to a pose."""
    return matrix_from_pose(np.asarray(pose_deg, np.float64)).T


def axes_px(pose_deg: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the tips [3, 2] of the subject's left, down and nose axes of length 1 in the image (x right, y down)."""
    left, up, nose = head_rotation(pose_deg).T
    return np.stack([left, -up, nose])[:, :2] * [1, -1]


def draw_axes(
    image: Image.Image,
    pose_deg: npt.ArrayLike,
    centre: tuple[float, float] | None = None,
    length: float | None = None,
) -> None:
    """Draw the axes of a pose onto an RGB image, from its middle unless `centre` says otherwise (pixels)."""
    x, y = centre or (image.width / 2, image.height / 2)
    size = length or 0.36 * min(image.size)
    draw = ImageDraw.Draw(image)
    width = max(1, round(size / 16))
    for colour, (dx, dy) in zip(COLOURS, axes_px(pose_deg) * size, strict=True):
        draw.line([(x, y), (x + dx, y + dy)], fill=(0, 0, 0), width=width + 2)
        draw.line([(x, y), (x + dx, y + dy)], fill=colour, width=width)
    tip = x + axes_px(pose_deg)[2][0] * size, y + axes_px(pose_deg)[2][1] * size
    draw.ellipse([tip[0] - width, tip[1] - width, tip[0] + width, tip[1] + width], fill=COLOURS[2])
