"""One way from the pixels of any image file to 8-bit RGB, for import, prediction and checks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
"""Pillow's modes of more than 8 bits a channel, which it would convert by cutting off what exceeds 255."""

SEVERAL = ("GIF", "PNG", "TIFF", "WEBP")
"""Formats with animations or pages. A camera's second picture in a JPEG (MPO) is a copy or a depth map."""

WHITE_16 = 65535
LEAST_CONTRAST = 16
"""Of 255: an image whose brightest and darkest values lie closer shows no face. JPEG alone adds a few."""


def rgb_of(image: Image.Image, *, upright: bool) -> Image.Image:
    """Return an image in 8-bit RGB, with `upright` turned as its EXIF orientation says.

    16-bit values are scaled with 65535 as white, floats with 1; what is transparent is black. Raises
    `ValueError` for values of which no white is known and for a file of several pictures, the message
    continues a sentence that names the image, and what decoding raises.
    """
    if image.format in SEVERAL and (pictures := getattr(image, "n_frames", 1)) > 1:
        raise ValueError(f"it holds {pictures} pictures: save the one that is meant as a file of its own")
    turned = ImageOps.exif_transpose(image) if upright else image
    if turned.mode in DEEP_MODES:
        return Image.fromarray(_scaled(np.asarray(turned), turned.mode)).convert("RGB")
    if not turned.has_transparency_data:
        return turned.convert("RGB")
    seen = turned.convert("RGBA")
    black = Image.new("RGBA", seen.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, seen).convert("RGB")


def is_blank(image: Image.Image) -> bool:
    """Say whether no channel of an 8-bit image has any contrast."""
    extrema = image.convert("RGB").getextrema()
    return all(high - low < LEAST_CONTRAST for low, high in extrema)  # type: ignore[misc]  # [3, 2]


def _scaled(values: npt.NDArray[np.generic], mode: str) -> npt.NDArray[np.uint8]:
    """Return values [H, W] in 0..255. Raises `ValueError` where their white is not known."""
    low, high = float(values.min()), float(values.max())
    if mode == "F":
        if not 0 <= low <= high <= 1:  # NaN compares false
            raise ValueError(
                f"its float pixels reach from {low:g} to {high:g}, and have no known white: scale them to "
                "0..1, or save the image with 8 bits per channel"
            )
        return np.rint(np.asarray(values, np.float64) * 255).astype(np.uint8)
    if not 0 <= low <= high <= WHITE_16:
        raise ValueError(
            f"its {mode} pixels reach from {low:g} to {high:g}, and have no known white: save the image "
            "with 8 or 16 bits per channel"
        )
    if high - low < LEAST_CONTRAST * (WHITE_16 // 255) and high < WHITE_16 / 2:
        raise ValueError(
            f"its 16-bit pixels reach from {low:g} to {high:g} of {WHITE_16}, which would all be black: "
            "scale them to their own white, or save the image with 8 bits per channel"
        )
    return np.rint(np.asarray(values, np.float64) * (255 / WHITE_16)).astype(np.uint8)
