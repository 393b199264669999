"""Images as users have them: files of any size and orientation, PIL images, arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainables.data.datasets.crops import Box, cut, squared
from trainables.data.image_file import open_image
from trainables.data.pixels import rgb_of
from trainables.target import Target

ImageLike = str | os.PathLike[str] | Image.Image | npt.NDArray[np.uint8]
"""A path, a PIL image, or RGB uint8 [H, W, 3]."""

SIDE_PX = (256, 1024)
"""Least and most side of an image with its labels drawn."""
SMOOTH = 3
"""It is drawn this much larger, then reduced: smooth lines."""


def name_of(image: ImageLike) -> str:
    """Return how a message names an image: its path, or its type and size."""
    if isinstance(image, str | os.PathLike):
        return os.fspath(image)
    shape = image.shape if isinstance(image, np.ndarray) else image.size
    return f"{type(image).__name__} {'x'.join(map(str, shape))}"


def upright(image: ImageLike) -> Image.Image:
    """Return an image in RGB, turned upright as its EXIF orientation says.

    Raises `OSError`, `SyntaxError` or `ValueError` for one that cannot be read or has too many pixels; the
    message continues a sentence that names the image.
    """
    if isinstance(image, Image.Image):
        return rgb_of(image, upright=True)
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
            shape = list(image.shape)
            raise ValueError(f"an array of pixels is RGB uint8 [H, W, 3], got {image.dtype} {shape}")
        return Image.fromarray(image)
    path = Path(image)
    if not path.is_file():
        raise ValueError("a folder: name the images in it" if path.is_dir() else "no such file")
    with open_image(path) as opened:
        return rgb_of(opened, upright=True)


def middle(image: Image.Image) -> Box:
    """Return the largest square around an image's middle, which is what a network sees of it."""
    return squared(Box(0, 0, image.width, image.height), "inside")


def face_square(image: Image.Image, side_px: int, zoom: float = 0.0) -> Image.Image:
    """Return the middle square of an RGB image, scaled to `side_px` as the training images were.

    The share `zoom` of its side is cut off around its centre, in fractions of a pixel, as the loader does.
    """
    square = middle(image)
    if not zoom:
        return cut(image, square, side_px)
    whole = cut(image, square, round(square.width))
    rim, far = zoom / 2 * whole.width, (1 - zoom / 2) * whole.width
    return whole.resize((side_px, side_px), Image.Resampling.BILINEAR, (rim, rim, far, far))


def drawn(image: Image.Image, target: Target, values: Sequence[float]) -> Image.Image:
    """Return the middle square of an RGB image with its labels drawn as a target draws them."""
    square = image.crop(middle(image))
    side = min(max(square.width, SIDE_PX[0]), SIDE_PX[1])
    large = square.resize((SMOOTH * side, SMOOTH * side), Image.Resampling.BICUBIC)
    target.draw(large, values)
    return large.resize((side, side), Image.Resampling.BOX)
