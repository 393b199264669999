"""Knows a prepared dataset again: by its labels and a listing of its images, else by its whole content.

Names, sizes and times of images are cheap to look at, and show whatever was imported, copied or replaced.
They differ in a copy, too: then every image is read before the content is said to be another.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trainables.base.errors import Fault, InputError
from trainables.data.datasets.digests import DatasetDigests
from trainables.data.datasets.prepared import CARD, LABELS, PreparedDataset, content_hash, image_digests

THREADS = 16
"""Folders that are listed in parallel: a network file system takes its time."""

SHOWN = 3
"""Images that a message names."""


class ContentChanged(Exception):
    """A dataset holds something else than before; the message says what, and continues a sentence."""


def digests_of(dataset: PreparedDataset) -> DatasetDigests:
    """Return the state of a dataset. Every image is read only where a file is newer than `dataset.json`.

    Raises `InputError` naming images that are missing.
    """
    files, labels = _labels(dataset)
    listing = _Listing.of(dataset.folder, files)
    listing.refuse_missing(dataset)
    written_ns = (dataset.folder / CARD).stat().st_mtime_ns
    newest_ns = max(listing.newest_ns, (dataset.folder / LABELS).stat().st_mtime_ns)
    content = dataset.card.content_hash if newest_ns <= written_ns else _content(dataset, files)
    return DatasetDigests(content, labels, listing.digest, len(files))


def known_again(dataset: PreparedDataset, before: DatasetDigests, since_s: float) -> DatasetDigests:
    """Return the state of a dataset whose content is what it was `before`, at `since_s` (Unix seconds).

    Raises `InputError` naming images that are missing, and `ContentChanged` where labels or images differ.
    """
    files, labels = _labels(dataset)
    listing = _Listing.of(dataset.folder, files)
    if (labels, listing.digest) == (before.labels, before.listing):
        return before
    if labels == before.labels:
        listing.refuse_missing(dataset)
    now = DatasetDigests(_content(dataset, files), labels, listing.digest, len(files))
    if now.content == before.content:  # copied, moved or imported again
        return now
    parts = [f"{LABELS} is another"] if labels != before.labels else []
    if now.images != before.images:
        parts.append(f"it has {now.images} images, and had {before.images}")
    elif newer := listing.written_after(since_s):
        parts.append(f"{newer} of {now.images} images were written after that")
    else:
        parts.append("images differ")
    raise ContentChanged(", ".join(parts))


def _labels(dataset: PreparedDataset) -> tuple[Sequence[str], str]:
    """Return the names of a dataset's images, and the digest of its labels."""
    import pandas as pd

    file = dataset.folder / LABELS
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return list(pd.read_parquet(file, columns=["file"])["file"]), digest
    except (OSError, ValueError) as error:  # pyarrow's own errors are among them
        raise InputError(Fault(f"these labels cannot be read: {error}", file=str(file))) from None


def _content(dataset: PreparedDataset, files: Sequence[str]) -> str:
    return content_hash(dataset.folder, image_digests(dataset.folder, files))


@dataclass(frozen=True)
class _Listing:
    """Names, sizes and times of images, without opening them."""

    digest: str
    missing: tuple[str, ...]
    newest_ns: int
    changed_s: tuple[float, ...]
    """When each image or its name was last written, which no copying tool sets back."""

    @classmethod
    def of(cls, folder: Path, files: Sequence[str]) -> _Listing:
        parts = sorted({name.rpartition("/")[0] for name in files})
        with ThreadPoolExecutor(THREADS) as pool:
            found = dict(zip(parts, pool.map(lambda part: _stats(folder / part), parts), strict=True))
        stats = [found[part].get(name) for part, _, name in (file.rpartition("/") for file in files)]
        digest = hashlib.sha256()
        for file, stat in zip(files, stats, strict=True):
            size, time_ns = (stat.st_size, stat.st_mtime_ns) if stat else (-1, -1)
            digest.update(f"{file}\0{size}\0{time_ns}\n".encode())
        there = [stat for stat in stats if stat]
        return cls(
            digest.hexdigest(),
            tuple(file for file, stat in zip(files, stats, strict=True) if not stat),
            max((stat.st_mtime_ns for stat in there), default=0),
            tuple(stat.st_ctime for stat in there),
        )

    def written_after(self, since_s: float) -> int:
        return sum(changed_s > since_s for changed_s in self.changed_s)

    def refuse_missing(self, dataset: PreparedDataset) -> None:
        if not self.missing:
            return
        some = ", ".join(self.missing[:SHOWN]) + (", ..." if len(self.missing) > SHOWN else "")
        rule = (
            f"{len(self.missing)} of its {dataset.card.images} images are missing: {some}. Bring "
            f"them back, or drop them: `hpsearch data check {dataset.name} --repair`"
        )
        raise InputError(Fault(rule, file=str(dataset.folder)))


def _stats(folder: Path) -> dict[str, os.stat_result]:
    """Return what the file system says of each file in a folder; nothing of one that is away."""
    stats = {}
    with suppress(OSError), os.scandir(folder) as entries:  # a network file system sends a folder at once
        for entry in entries:
            with suppress(OSError):
                stats[entry.name] = entry.stat()
    return stats
