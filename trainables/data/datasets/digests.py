"""What a prepared dataset is known again by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DatasetDigests:
    """The state of a dataset with `images` images, as SHA-256 in hexadecimal.

    `content` covers labels and images as `DatasetCard.content_hash` does, `labels` is of labels.parquet, and
    `listing` of the names, sizes and times of the images.
    """

    content: str
    labels: str
    listing: str
    images: int
