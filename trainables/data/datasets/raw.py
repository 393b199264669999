"""The interface of a raw dataset: it lists its items, and reads an item into a labelled image."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import Field

from trainables.base.schema import Config
from trainables.data.datasets.crops import Box
from trainables.data.image_file import open_image
from trainables.data.pixels import rgb_of
from trainables.target import Label


@dataclass(frozen=True, slots=True)
class RawItem:
    """One image to import, listed without opening its file."""

    file: str  # path below the raw folder, as rejects.csv names it
    name: str  # path below the prepared dataset's images/, without .jpg
    size: int  # bytes: a file of another size counts as another file
    detail: Any = None  # what the reader needs besides the file
    images: int = 1  # how many images are lost if it cannot be read


@dataclass(frozen=True)
class LabelledImage:
    """A raw image in RGB, the square face box to crop, and the labels."""

    image: Image.Image
    box: Box
    labels: tuple[float, ...]  # in the order of the dataset's labels
    subject: str
    split: str  # several names separated by a space where splits overlap
    remarks: tuple[str, ...] = ()  # what is to be said of such images, counted over all of them
    landmarks: npt.NDArray[np.float64] | None = None  # [2 or 3, N], to find those that are there twice


class LeftOut(Exception):
    """Raised for an image that a rule of the dataset leaves out; the message is the rule."""


class RawDataset(Protocol):
    """A raw folder. It is pickled into the worker processes, so it opens no file before the first `read`."""

    @property
    def source(self) -> str:
        """The dataset's name and where its labels come from."""
        ...

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels of its images."""
        ...

    @property
    def convention(self) -> str:
        """What the prepared labels mean, such as signs and composition of angles."""
        ...

    def items(self) -> Iterator[RawItem]:
        """Yield all images without opening them, the same ones in the same order each time."""
        ...

    def read(self, item: RawItem) -> LabelledImage:
        """Return an item's image with its labels.

        Raises `LeftOut` for one that a rule leaves out, and any exception for a file that cannot be read.
        """
        ...

    def details(self) -> dict[str, Any]:
        """Return what `dataset.json` records about this import besides its options."""
        ...


class ImportConfig(Config):
    """The settings of every importer."""

    image_px: int = Field(default=256, ge=16, le=2048)
    """Side of the stored images in pixels: 256 leaves room to zoom when training at 224. [HopeNet:
    240]"""

    jpeg_quality: int = Field(default=95, ge=1, le=100)
    """Quality of the stored images."""

    @property
    def note(self) -> str:
        """What is to be known of images imported with these settings; empty where nothing is."""
        return ""


class ImporterConfig(Protocol):
    """The settings of one importer."""

    @property
    def image_px(self) -> int:
        """Side of the stored images in pixels."""
        ...

    @property
    def jpeg_quality(self) -> int:
        """Quality of the stored images."""
        ...

    @property
    def note(self) -> str:
        """What is to be known of images imported with these settings; empty where nothing is."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return the options as plain values."""
        ...

    def build(self, raw: Path) -> RawDataset:
        """Return the dataset at `raw`. Raises `InputError` where it does not lie there."""
        ...


def rgb(file: Path) -> Image.Image:
    """Return an image in RGB, fully decoded. Raises as `open_image` and `rgb_of` do."""
    with open_image(file) as image:
        return rgb_of(image, upright=False)  # labels and boxes are of the pixels as they are stored


def file_size(file: Path) -> int:
    """Return a file's size in bytes, -1 for one that is missing or cannot be, which fails when it is read."""
    try:
        return file.stat().st_size
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        return -1


def held_out(subject: str, share: float) -> bool:
    """Return whether a subject belongs to the held-out `share`, decided by its name alone, whatever other
    subjects there are."""
    digest = hashlib.sha256(subject.encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64
