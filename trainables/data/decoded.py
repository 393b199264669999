"""Decoded images in one file beside their dataset, so that each is decoded once and not in every epoch.

All trials of a machine share the file's pages in the kernel's cache. It is read with `preadv`, not mapped: a
disk that fails is then an error of that read and not the end of the process, and pages of the cache do not
count as memory of a trial.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from trainables.base.allowance import allowed_bytes
from trainables.base.disk import existing
from trainables.data.datasets.prepared import Samples
from trainables.data.image_file import open_image

FOLDER = ".decoded"
"""Below a dataset's folder, with which it is deleted."""

MEMORY_SHARE = 0.5
"""`auto` keeps decoded images that take at most this share of the memory that is available: others would be
read from the disk again and again, and a JPEG is a tenth as large."""

DISK_SHARE = 0.5
"""`auto` keeps decoded images that take at most this share of what is free on the disk."""

MEMORY = Path("/proc/meminfo")


class DecodedImages:
    """Images [N, H, W, 3], RGB uint8, in an open file in numpy's format.

    Raises `ValueError` where it holds something else, or does not hold all of it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        file.seek(0)
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"not written here: format {version}")
        shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype != np.uint8 or by_column or len(shape) != 4 or shape[3] != 3:
            raise ValueError(f"not images: {dtype} {shape}")
        self.shape: tuple[int, int, int, int] = shape
        self._file, self._start = file, file.tell()
        self._image_bytes = int(np.prod(shape[1:]))
        if os.fstat(file.fileno()).st_size != self._start + shape[0] * self._image_bytes:
            raise ValueError(f"not whole: {shape}")

    def read(self, places: Sequence[int] | npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return the images at these places, [B, H, W, 3]. Raises `OSError` where the disk fails."""
        images = np.empty((len(places), *self.shape[1:]), np.uint8)
        for image, place in zip(images, places, strict=True):
            start = self._start + int(place) * self._image_bytes
            if os.preadv(self._file.fileno(), [image.data], start) != self._image_bytes:
                raise OSError(errno.EIO, "decoded images ended early", self._file.name)
        return images


def decoded_bytes(samples: Samples) -> int | None:
    """Return what decoded images take; None where the first, whose size all have, cannot be read."""
    try:
        with open_image(samples.files[0]) as first:
            return len(samples) * first.width * first.height * 3
    except (OSError, ValueError):  # loading names it
        return None


def kept_bytes(folder: Path) -> int:
    """Return what the decoded images of a dataset take of the disk by now."""
    return sum(file.stat().st_size for file in (folder / FOLDER).glob("*.npy"))


def fits(needed_bytes: int, folder: Path | None, *, there: bool = False) -> bool:
    """Return whether `auto` keeps so much in a folder (None: that of temporary files); see the shares above.

    What is `there` already takes memory, but no more of the disk.
    """
    if needed_bytes > MEMORY_SHARE * available_bytes():
        return False
    place = existing(folder or Path(tempfile.gettempdir()))
    free = shutil.disk_usage(place).free
    return there or (needed_bytes <= DISK_SHARE * free and os.access(place, os.W_OK | os.X_OK))


def available_bytes() -> int:
    """Return the memory that can be had without swapping, with what the kernel's caches would give back."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB", MEMORY.read_text(), re.MULTILINE)
    return min(allowed_bytes(), int(found[1]) * 1024) if found else allowed_bytes()
