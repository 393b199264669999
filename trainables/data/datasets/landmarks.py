"""What landmarks tell of their image: they lie outside it or its crop, or are those of another pose."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trainables.data.datasets.raw import LabelledImage

OUTSIDE_IMAGE = "landmarks lie outside the image"
OUTSIDE_CROP = "landmarks lie outside the crop, which cuts the face"
SAME_LANDMARKS = (
    "the landmarks are those of another image to the digit, beside another rotation: one of the two is "
    "wrong, as in some copies of 300W-LP"
)

OF_THE_PHOTO = (
    "the landmarks are those of the photo that they render, as in 300W-LP: the pose is theirs, the crop is "
    "the photo's"
)

HIDDEN = -1
"""What AFLW2000 writes for a landmark that cannot be seen."""

APART_DEG = 1.0
"""Poses of the same landmarks differ by less, where they are those of one face."""


def digest_of(landmarks: npt.NDArray[np.float64]) -> str:
    """Return what the same landmarks [2 or 3, N] are known again by."""
    return hashlib.sha256(np.ascontiguousarray(landmarks, np.float64).tobytes()).hexdigest()[:32]


def landmark_remarks(labelled: LabelledImage) -> Iterator[str]:
    """Yield what is to be said of the landmarks of an image; hidden ones are left out."""
    if labelled.landmarks is None:
        return
    x, y = labelled.landmarks[:2][:, (labelled.landmarks[:2] != HIDDEN).all(axis=0)]
    image, box = labelled.image, labelled.box
    if ((x < 0) | (y < 0) | (x > image.width) | (y > image.height)).any():
        yield OUTSIDE_IMAGE
    if ((x < box.left) | (y < box.top) | (x > box.right) | (y > box.bottom)).any():
        yield OUTSIDE_CROP


class SameLandmarks:
    """Finds images with the landmarks of another one beside another pose, as their rows come."""

    def __init__(self) -> None:
        self.remarks: dict[str, list[str]] = {}
        """What is to be said -> the files that it is about."""
        self._first: dict[str, tuple[str, tuple[float, ...]]] = {}

    def add(self, row: Mapping[str, Any]) -> None:
        """Look at the row of an image. All renderings of a photo, one subject, may share its landmarks."""
        if "landmarks" not in row:
            return
        pose = tuple(value for key, value in row.items() if key.endswith("_deg"))
        subject, first = self._first.setdefault(row["landmarks"], (row["subject"], pose))
        if max(abs(a - b) for a, b in zip(first, pose, strict=True)) > APART_DEG:
            remark = OF_THE_PHOTO if subject == row["subject"] else SAME_LANDMARKS
            self.remarks.setdefault(remark, []).append(row["file"])
