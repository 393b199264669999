"""Keeps the decoded images of samples: decodes all of them once, and opens what is there afterwards.

The file appears under its name when it is whole, and its name follows from all that its pixels follow from.
"""

from __future__ import annotations

import importlib
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from trainables.base.atomic import UNFINISHED, in_one_step
from trainables.base.errors import InputError, why
from trainables.base.locks import FileLock
from trainables.data.datasets.prepared import Samples
from trainables.data.decoded import FOLDER, DecodedImages, decoded_bytes, fits
from trainables.data.loader.decoding import decoded_batches
from trainables.data.sources import Decode


class NotKept(Exception):
    """Decoded images cannot be kept; the message says why, in words that continue a sentence."""


def keeps(wanted: Decode, samples: Samples) -> bool:
    """Return whether decoded images are to be kept; `auto`: where they fit, or are there."""
    if wanted != "auto":
        return wanted == "cache"
    file = None if samples.folder is None else kept_file(samples, samples.folder)
    if file is not None and file.is_file():
        return fits(file.stat().st_size, samples.folder, there=True)
    needed = decoded_bytes(samples)
    return needed is not None and fits(needed, samples.folder)


def kept_file(samples: Samples, folder: Path) -> Path:
    """Return the file of decoded images; another version of the dataset or of the decoder has another."""
    decoder = importlib.import_module("nvidia.dali").__version__
    return folder / FOLDER / f"{samples.content_hash[:12]}-dali-{decoder}-{samples.digest[:16]}.npy"


def kept_images(samples: Samples, threads: int) -> DecodedImages | None:
    """Return the decoded images, decoded and written first where they are not there.

    None: another process is writing them. Samples without a folder are kept in a temporary file. Raises
    `NotKept`, and `InputError` where images cannot be decoded.
    """
    try:
        if samples.folder is None:
            file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the images
            _write(samples, threads, file)
            return DecodedImages(file)
        path = kept_file(samples, samples.folder)
        return _opened(path) or _filled(path, samples, threads)
    except OSError as error:
        raise NotKept(why(error)) from error


def _opened(path: Path) -> DecodedImages | None:
    """Return the images in a file; None where it is missing or, after a fault of the disk, not whole."""
    with suppress(FileNotFoundError, ValueError):
        return DecodedImages(path.open("rb"))
    return None


def _filled(path: Path, samples: Samples, threads: int) -> DecodedImages | None:
    try:
        lock = FileLock.take(path.with_suffix(".lock"))
    except InputError as error:  # a file system without locks
        raise NotKept(str(error)) from error
    if lock is None:
        return None
    with lock:
        if (images := _opened(path)) is None:  # nobody was faster
            _remove_leftovers(path)
            with in_one_step(path, decoded_bytes(samples) or 0) as draft, draft.open("wb") as file:
                _write(samples, threads, file)
            images = DecodedImages(path.open("rb"))
        return images


def _remove_leftovers(path: Path) -> None:
    """Remove what a killed process left of this file, and the files of another dataset or decoder."""
    version = path.name.rpartition("-")[0]
    for other in path.parent.iterdir():
        killed = other.name.startswith(f".{path.name}.") and other.name.endswith(UNFINISHED)
        if killed or not other.name.lstrip(".").startswith(version):
            other.unlink(missing_ok=True)


def _write(samples: Samples, threads: int, file: IO[bytes]) -> None:
    """Write all images, decoded in order. Raises `NotKept` where their sizes differ."""
    shape: tuple[int, ...] = ()
    for batch in decoded_batches(samples.files, threads):
        if not shape:
            shape = batch[0].shape
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(samples), *shape)}
            np.lib.format.write_array_header_1_0(file, header)
        for image in batch:
            if image.shape != shape:
                raise NotKept(f"they have several sizes, {shape[1]} px and {image.shape[1]} px among them")
            file.write(image.data)
    file.flush()
