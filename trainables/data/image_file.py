"""Opens image files: only those formats whose decoders read pixels, and only up to a size."""

from __future__ import annotations

import os
import warnings
from typing import IO

from PIL import Image, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "PPM")
"""What a photo or a published face dataset is stored as. JPEG is also a camera's with a second picture (MPO).

Pillow knows some sixty more and goes by a file's content, not by its name. Among them is EPS, for which it
runs Ghostscript: a program in the file, not an image.
"""

MOST_PIXELS = 64_000_000
"""Pixels of an image file, at most: a decoded image takes 4 bytes per pixel, and its copies as much again."""


def open_image(file: str | os.PathLike[str] | IO[bytes]) -> Image.Image:
    """Return the image in a file, of which only the header was read; close it, or use it in a `with` block.

    Raises `UnidentifiedImageError`, an `OSError`, for what is no image in one of `FORMATS`, `ValueError` for
    more than `MOST_PIXELS`, and `OSError` where the file cannot be read; each message continues a sentence
    that names the file. Decoding, which its first use does, raises `OSError` or `SyntaxError`.
    """
    too_many = f"more than {MOST_PIXELS // 1_000_000} megapixels: crop the face, or scale the image down"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower
            opened = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        raise UnidentifiedImageError(f"this file is not an image: {', '.join(FORMATS)} are read") from None
    except Image.DecompressionBombError:
        raise ValueError(too_many) from None
    if opened.width * opened.height > MOST_PIXELS:
        opened.close()
        raise ValueError(f"{opened.width} x {opened.height} pixels, {too_many}")
    return opened
