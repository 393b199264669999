"""What a raw dataset is to the import: a listing of items, and a reader that turns an item into a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from PIL import Image
from pydantic import Field

from trainables.base.schema import Config
from trainables.data.datasets.crops import Box


@dataclass(frozen=True, slots=True)
class RawItem:
    """One image to import, as the listing knows it without opening it."""

    file: str  # below the raw folder: what rejects.csv names
    name: str  # below the prepared dataset's images/, without .jpg
    size: int  # bytes: a file of another size is another file
    detail: Any = None  # what the reader must know beside the file
    images: int = 1  # how many images are lost with it


@dataclass(frozen=True)
class Picture:
    """A raw image, read: RGB, with the square face box to cut out of it."""

    image: Image.Image
    box: Box
    pose_deg: tuple[float, ...]  # in the order of the dataset's angles
    subject: str
    split: str  # several names separated by a space where splits overlap


class LeftOut(Exception):
    """This image is fine but does not belong in the dataset; the message is the rule."""


class RawDataset(Protocol):
    """A raw folder. It is pickled into the workers, so it opens nothing before the first `read`."""

    source: str
    """The dataset's name and where its labels come from."""
    angles: tuple[str, ...]
    convention: str
    """What the prepared angles mean."""

    def items(self) -> Iterator[RawItem]:
        """Yield all images, cheaply, the same ones in the same order each time."""
        ...

    def read(self, item: RawItem) -> Picture:
        """Return the image with its labels.

        Raises `LeftOut`, or whatever its file makes the reader raise.
        """
        ...

    def details(self) -> dict[str, Any]:
        """Return what `dataset.json` must say about this import beside its options."""
        ...


class ImportConfig(Config):
    """What every import can be told."""

    image_px: int = Field(default=256, ge=16, le=2048)
    """Side of the stored images in pixels: 256 leaves room to zoom into when training at 224. [HopeNet:
    240]"""

    jpeg_quality: int = Field(default=95, ge=1, le=100)
    """Quality of the stored images."""


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

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return the options as plain values."""
        ...

    def build(self, raw: Path) -> RawDataset:
        """Return the dataset at `raw`. Raises `InputError` where it does not lie there."""
        ...


def rgb(file: Path) -> Image.Image:
    """Return an image in RGB, decoded to the last row. Raises `OSError` for one that is not whole."""
    with Image.open(file) as image:
        return image.convert("RGB")


def file_size(file: Path) -> int:
    """Return a file's size in bytes, -1 where there is none: reading it will say so."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return -1


def held_out(subject: str, share: float) -> bool:
    """Return whether a subject is among the held-out `share`: by its name alone, whatever others there
    are."""
    digest = hashlib.sha256(subject.encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64
