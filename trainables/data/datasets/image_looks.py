"""Looks at each image of a prepared dataset: its digest, and whether it can be read and shows anything."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from trainables.base.errors import why
from trainables.data.image_file import open_image
from trainables.data.pixels import is_blank, rgb_of

AT_ONCE = 1024
"""Images that are looked at before the first of them is asked for: a million would fill the memory."""

SMALL_PX = 32
"""A JPEG is decoded no larger than this at first, which takes a fraction of the time and reads all of it."""


@dataclass(frozen=True)
class ImageLook:
    """The SHA-256 of an image's bytes, None where it is missing, and what is wrong with it, in words."""

    digest: bytes | None
    fault: str = ""


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
    return ImageLook(hashlib.sha256(content).digest(), _fault(content))


def _fault(content: bytes) -> str:
    try:
        return "it is blank" if _blank(content, SMALL_PX) and _blank(content, None) else ""
    except (OSError, SyntaxError, ValueError) as error:
        return why(error)


def _blank(content: bytes, small_px: int | None) -> bool:
    with open_image(io.BytesIO(content)) as image:
        if small_px is not None:
            image.draft("RGB", (small_px, small_px))
        return is_blank(rgb_of(image, upright=False))
