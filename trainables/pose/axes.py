"""The three axes of a head, drawn as HopeNet draws them. The convention is that of `geometry.py`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from trainables.pose.angles import AXIS_COLOURS
from trainables.pose.geometry import matrix_from_pose

Point = npt.NDArray[np.float64]


def head_rotation(pose_deg: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the rotation [3, 3] that turns the vertices of a head facing the viewer to a pose."""
    return matrix_from_pose(np.asarray(pose_deg, np.float64)).T


def axes_px(pose_deg: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the tips [3, 2] of the left, down and nose axes of length 1 in the image (x right, y down)."""
    left, up, nose = head_rotation(pose_deg).T
    return np.stack([left, -up, nose])[:, :2] * [1, -1]


def draw_axes(
    image: Image.Image,
    pose_deg: npt.ArrayLike,
    centre: tuple[float, float] | None = None,
    length: float | None = None,
) -> None:
    """Draw the axes of a pose onto an RGB image, from its middle unless `centre` says otherwise (pixels).

    The axis that points furthest away from the viewer is drawn first; the nose's ends in a dot.
    """
    start = np.array(centre or (image.width / 2, image.height / 2))
    size = length or 0.36 * min(image.size)
    tips = start + axes_px(pose_deg) * size
    left, up, nose = head_rotation(pose_deg).T
    nearness = (left[2], -up[2], nose[2])
    draw = ImageDraw.Draw(image)
    width = max(1, round(size / 16))
    rim = max(1, width // 3)
    for axis in sorted(range(3), key=lambda axis: nearness[axis]):
        for colour, extra in (((20, 22, 26), rim), (AXIS_COLOURS[axis], 0)):
            _line(draw, start, tips[axis], colour, width / 2 + extra)
            if axis == 2:
                _dot(draw, tips[axis], colour, width + extra)


def _line(
    draw: ImageDraw.ImageDraw, start: Point, end: Point, colour: tuple[int, int, int], half: float
) -> None:
    along = end - start
    across = np.array([-along[1], along[0]]) * half / (np.hypot(*along) + 1e-9)
    draw.polygon(
        [tuple(p) for p in (start + across, end + across, end - across, start - across)], fill=colour
    )


def _dot(draw: ImageDraw.ImageDraw, at: Point, colour: tuple[int, int, int], radius: float) -> None:
    draw.ellipse([*(at - radius), *(at + radius)], fill=colour)
