"""Looks at each image of a prepared dataset: its digest, whether it shows anything, and a tiny copy of it."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from trainables.base.errors import why
from trainables.data.image_file import open_image
from trainables.data.pixels import is_blank, rgb_of

AT_ONCE = 1024
"""Images that are looked at before the first of them is asked for: a million would fill the memory."""

SMALL_PX = 32
"""A JPEG is decoded no larger than this at first, which takes a fraction of the time and reads all of it."""

THUMB_PX = (17, 16)
"""Width and height of the tiny copy: its 16 x 16 differences from left to right are a perceptual hash."""

BLACK = 24
"""Of 255: what lies outside the source image is black, and JPEG adds some noise to it."""


@dataclass(frozen=True)
class ImageLook:
    """One image: the SHA-256 of its bytes, None where it is missing, and what is wrong with it, in words."""

    digest: bytes | None
    fault: str = ""
    thumb: bytes = b""
    """Grey values of `THUMB_PX`, row by row; empty where the image cannot be read."""
    rim: float = 0.0
    """Share of the image that is a black rim."""


def look_at_images(folder: Path, files: Iterable[str]) -> Iterator[ImageLook]:
    """Yield what each image comes to, in order; on all cores."""
    names = list(files)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(names), AT_ONCE):
            yield from pool.map(lambda name: _look(folder / name), names[start : start + AT_ONCE])


def _look(file: Path) -> ImageLook:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return ImageLook(None, "it is missing")
    except OSError as error:
        return ImageLook(None, why(error))
    digest = hashlib.sha256(content).digest()
    try:
        small = _decoded(content, SMALL_PX)
        blank = is_blank(small) and is_blank(_decoded(content, None))
    except (OSError, SyntaxError, ValueError) as error:
        return ImageLook(digest, why(error))
    thumb = small.convert("L").resize(THUMB_PX, Image.Resampling.BOX).tobytes()
    return ImageLook(digest, "it is blank" if blank else "", thumb, _rim(small))


def _decoded(content: bytes, small_px: int | None) -> Image.Image:
    with open_image(io.BytesIO(content)) as image:
        if small_px is not None:
            image.draft("RGB", (small_px, small_px))
        return rgb_of(image, upright=False)


def _rim(image: Image.Image) -> float:
    """Return the share of an image outside the smallest box around all that is not black."""
    seen = image.convert("L").point(lambda value: 255 * (value > BLACK)).getbbox()
    if seen is None:
        return 1.0
    left, top, right, bottom = seen
    return 1 - (right - left) * (bottom - top) / (image.width * image.height)


def thumbs_of(looks: Iterable[ImageLook]) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """Return the tiny copies [N, 16, 17] of images; those that cannot be read are black."""
    width, height = THUMB_PX
    nothing = bytes(width * height)
    joined = b"".join(look.thumb or nothing for look in looks)
    return np.frombuffer(joined, np.uint8).reshape(-1, height, width)
