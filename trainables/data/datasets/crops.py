"""Face boxes and the square crops made from them.

Boxes are in pixels of the source image, x to the right and y down; the right and bottom edges lie outside.
"""

from __future__ import annotations

import io
import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

LEAST_SIDE_PX = 8
"""A smaller face box is a broken label: no head can be seen in it."""

MOST_OF_IMAGE = 4
"""A box wider than this many times the image's longer side is a broken label, and its crop would fill the
memory with black."""

Square = Literal["inside", "around"]
"""`inside`: the middle square of the box, as Scale and CenterCrop leave it; `around`: a square around all of
it."""


class Box(NamedTuple):
    """A box in pixels of the source image; it may lie partly outside."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """The box's width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """The box's height in pixels."""
        return self.bottom - self.top


class Margins(NamedTuple):
    """How far a box grows on each side, as shares of its width or height."""

    left: float
    top: float
    right: float
    bottom: float


def box_of_points(points: npt.NDArray[np.floating]) -> Box:
    """Return the box around points [2 or 3, N], rows x, y and, if present, an unused z."""
    x, y = np.asarray(points, np.float64)[:2]
    return Box(float(x.min()), float(y.min()), float(x.max()), float(y.max()))


def box_at(x: float, y: float, side: float) -> Box:
    """Return the square box centred at `x`, `y`."""
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def widened(box: Box, margins: Margins) -> Box:
    """Return the box with margins added one after the other: left, top, right, bottom.

    Each is a share of the width or height that the sides before have left, so right and bottom grow by a
    little more than their share. This is how HopeNet crops, so its published errors depend on it.
    """
    left, top, right, bottom = box
    left -= margins.left * (right - left)
    top -= margins.top * (bottom - top)
    right += margins.right * (right - left)
    bottom += margins.bottom * (bottom - top)
    return Box(left, top, right, bottom)


def squared(box: Box, square: Square) -> Box:
    """Return the square of whole pixels with the box's centre; edges are first truncated towards 0.

    Raises `ValueError` for a box that is not finite.
    """
    if not all(map(math.isfinite, box)):
        raise ValueError(f"the face box is not finite: {tuple(box)}")
    left, top, right, bottom = (int(edge) for edge in box)
    side = min(right - left, bottom - top) if square == "inside" else max(right - left, bottom - top)
    left += (right - left - side) // 2
    top += (bottom - top - side) // 2
    return Box(left, top, left + side, top + side)


def cut(image: Image.Image, box: Box, side_px: int) -> Image.Image:
    """Return the square box of an RGB image, scaled to `side_px`; what lies outside the image is black.

    Raises `ValueError` for a box that cannot hold a face.
    """
    side = box.width
    if side < LEAST_SIDE_PX:
        raise ValueError(f"the face box is {side:g} px wide, the least is {LEAST_SIDE_PX}: {tuple(box)}")
    if side > MOST_OF_IMAGE * max(image.size):
        raise ValueError(f"the face box is {side:g} px wide in an image of {image.width}x{image.height} px")
    if box.left >= image.width or box.top >= image.height or box.right <= 0 or box.bottom <= 0:
        raise ValueError(
            f"the face box {tuple(box)} lies outside the image of {image.width}x{image.height} px"
        )
    left, top, right, bottom = (int(edge) for edge in box)
    whole = (0, 0, image.width, image.height)
    crop = image if (left, top, right, bottom) == whole else image.crop((left, top, right, bottom))
    return (
        crop
        if crop.size == (side_px, side_px)
        else crop.resize((side_px, side_px), Image.Resampling.BILINEAR)
    )


def jpeg(image: Image.Image, quality: int) -> bytes:
    """Return the image as JPEG."""
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=quality)
    return encoded.getvalue()
