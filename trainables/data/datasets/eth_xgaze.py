"""ETH-XGaze in its version of 224x224 faces: people in front of 18 cameras, with large head poses.

    [xgaze_224/]train_test_split.json
    [xgaze_224/]train/subjectXXXX.h5, test/subjectXXXX.h5
        face_patch [N, 224, 224, 3] uint8, blue-green-red     face_head_pose [N, 2] pitch, yaw in radians

Labels. The normalised head's z axis, which points away from the camera, is `(cos p sin y, sin p, cos p cos
y)` with x to the image's right, y down and z away. The nose points the other way: yaw > 0 is to the image's
left, pitch > 0 up, as here. But there yaw turns about the vertical and pitch raises the nose from the level,
while in AFLW2000's convention it is the other way round: `yaw' = asin(cos p sin y)`, `pitch' = atan2(sin p,
cos p cos y)`. The two agree where one angle is 0 and differ where both are large (pitch 30, yaw 60 is yaw'
48.6, pitch' 49.1). Published results use the labels as they are, so that is the default; to compare with
other datasets, import with `angles: aflw2000`. `dataset.json` records which.

Normalisation removes the roll, so there is none. The images are face crops already and are used whole.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from pydantic import Field, field_validator

from trainables.base.errors import Fault, InputError
from trainables.base.schema import Strings
from trainables.data.datasets.crops import Box
from trainables.data.datasets.raw import ImportConfig, LabelledImage, RawItem, file_size
from trainables.data.datasets.workers import Lost, run_isolated
from trainables.pose.angles import CONVENTION
from trainables.target import TARGETS

VALIDATION = ("subject0108", "subject0109", "subject0111")
"""Subjects for validation, never trained on. [paper 4.1]"""

AS_LABELLED = (
    "ETH-XGaze: yaw > 0 turns the nose to the image's left, pitch > 0 raises it from the level; degrees"
)

MOST_SIDE_PX = 2048
"""A file that claims larger faces is broken, and would fill the memory."""


def subject_name(text: str) -> str:
    """Return `subject0003` for `subject0003`, `0003` or `3`. Raises `ValueError` for another text."""
    found = re.fullmatch(r"(?:subject)?(\d{1,4})(?:\.h5)?", text)
    if not found:
        raise ValueError(f"{text!r} is not a subject: write subject0003, 0003 or 3")
    return f"subject{int(found[1]):04d}"


class ETHXGazeConfig(ImportConfig):
    """ETH-XGaze at 224x224: the folder that holds train_test_split.json, or xgaze_224."""

    image_px: int = Field(default=224, ge=16, le=2048)
    """Side of the stored images in pixels: 224 keeps them as they are."""

    train_subjects: Strings = ()
    """Training subjects, such as 3 or subject0003; all where none is named. 108, 109 and 111 are for
    validation."""

    test: bool = True
    """Import the test subjects too, as split `test`."""

    angles: Literal["as_labelled", "aflw2000"] = "as_labelled"
    """`as_labelled`: as in the files, which published results use; `aflw2000`: converted to the convention of
    the other datasets."""

    @field_validator("train_subjects")
    @classmethod
    def _may_train(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        subjects = tuple(map(subject_name, names))
        refused = [subject for subject in subjects if subject in VALIDATION]
        if refused:
            raise ValueError(
                f"{', '.join(refused)} are for validation, never trained on [paper 4.1]: name other subjects"
            )
        return subjects

    def build(self, raw: Path) -> ETHXGaze:
        """Return the dataset at `raw`. Raises `InputError` where it, or a named subject, is not there."""
        for root in (raw, raw / "xgaze_224"):
            files = _files_by_split(root, self)
            if files:
                missing = set(self.train_subjects) - {file.stem for file, split in files if split == "train"}
                if missing:
                    raise InputError(
                        [
                            Fault(f"there is no {name}.h5 to train on", file=str(root))
                            for name in sorted(missing)
                        ]
                    )
                return ETHXGaze(root, self, files)
        raise InputError(Fault("there is no train/subjectXXXX.h5 in this folder", file=str(raw)))


Files = list[tuple[Path, str]]
"""The subjects' files, each with its split."""


def _files_by_split(root: Path, config: ETHXGazeConfig) -> Files:
    """Return the files to import. train_test_split.json lists those to train on; without it their folder
    decides."""
    listed: set[str] | None = None
    if (root / "train_test_split.json").is_file():
        try:
            listed = set(json.loads((root / "train_test_split.json").read_text())["train"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                Fault(f"this list cannot be read: {error!r}", file=f"{root}/train_test_split.json")
            ) from None
    files: Files = []
    for folder in ("train", "test"):
        for file in sorted((root / folder).glob("subject*.h5")):
            trains = folder == "train" if listed is None else file.name in listed
            split = "validation" if file.stem in VALIDATION else "train" if trains else "test"
            unwanted = split == "train" and config.train_subjects and file.stem not in config.train_subjects
            if not unwanted and (split != "test" or config.test):
                files.append((file, split))
    return files


class ETHXGaze:
    """The raw folder of ETH-XGaze."""

    source = "ETH-XGaze, normalised faces of 224x224, head poses without roll"
    labels = TARGETS["head_pose"]().labels[:2]

    def __init__(self, root: Path, config: ETHXGazeConfig, files: Files) -> None:
        self.root, self.config = root, config
        self.files = [(file.relative_to(root).as_posix(), split) for file, split in files]
        self.convention = AS_LABELLED if config.angles == "as_labelled" else CONVENTION
        self._lengths: dict[str, int | str] = {}

    def items(self) -> Iterator[RawItem]:
        """Yield the images, subject by subject.

        The number of images is read in a separate process. A file that cannot be opened is one item, counted
        as the number of images that the others hold on average.
        """
        if not self._lengths:
            self._lengths = dict(self._measured())
        counts = [length for length in self._lengths.values() if isinstance(length, int)]
        average = max(1, round(sum(counts) / len(counts))) if counts else 1
        for file, split in self.files:
            length, stem = self._lengths[file], Path(file).stem
            size = file_size(self.root / file)
            if isinstance(length, str):
                yield RawItem(file, f"{stem}/unreadable", size, detail=length, images=average)
            else:
                for row in range(length):
                    yield RawItem(f"{file}[{row}]", f"{stem}/{row:06d}", size, detail=(file, row, split))

    def _measured(self) -> Iterator[tuple[str, int | str]]:
        chunks = ((number, [self.root / file]) for number, (file, _) in enumerate(self.files))
        for number, ((_, answer),) in run_isolated(length_of, chunks, processes=1):
            yield self.files[number][0], answer.reason if isinstance(answer, Lost) else answer

    def read(self, item: RawItem) -> LabelledImage:
        """Return an image of a subject."""
        if isinstance(item.detail, str):
            raise ValueError(item.detail)
        file, row, split = item.detail
        faces, poses = _opened(self.root / file)
        pitch, yaw = map(float, poses[row])
        if max(abs(pitch), abs(yaw)) > math.pi:
            raise ValueError(f"face_head_pose is {pitch:g}, {yaw:g}: no angles in radians")
        if self.config.angles == "aflw2000":
            yaw, pitch = aflw2000_angles(yaw, pitch)
        image = Image.fromarray(np.ascontiguousarray(faces[row][:, :, ::-1]))  # blue-green-red to RGB
        pose_deg = (math.degrees(yaw), math.degrees(pitch))
        return LabelledImage(image, Box(0, 0, image.width, image.height), pose_deg, Path(file).stem, split)

    def details(self) -> dict[str, Any]:
        """Return nothing: the options say everything."""
        return {}


def aflw2000_angles(yaw: float, pitch: float) -> tuple[float, float]:
    """Return ETH-XGaze's yaw and pitch in AFLW2000's convention; radians."""
    return (
        math.asin(math.cos(pitch) * math.sin(yaw)),
        math.atan2(math.sin(pitch), math.cos(pitch) * math.cos(yaw)),
    )


def length_of(file: Path) -> int | str:
    """Return the number of images in a subject's file, or why it cannot be read; called in a worker."""
    try:
        return len(_opened(file)[0])
    except Exception as error:  # noqa: BLE001 whatever a broken file makes its reader raise is its own fault
        return f"{type(error).__name__}: {error}"


@lru_cache(maxsize=1)
def _opened(file: Path) -> tuple[Any, Any]:
    """Return faces [N, S, S, 3] and poses [N, 2] of a subject's file, still on disk; one open file per
    worker."""
    import h5py

    opened = h5py.File(file, "r", rdcc_nbytes=64 << 20)  # a chunk may hold many faces: unpack it once
    if missing := [key for key in ("face_patch", "face_head_pose") if key not in opened]:
        there = ", ".join(opened) or "nothing"
        raise ValueError(f"it holds no {' and '.join(missing)}, as xgaze_224 does, but {there}")
    faces, poses = opened["face_patch"], opened["face_head_pose"]
    if faces.ndim != 4 or faces.shape[1] != faces.shape[2] or faces.shape[3] != 3 or faces.dtype != np.uint8:
        raise ValueError(f"face_patch is {faces.dtype} {faces.shape}, not uint8 [N, 224, 224, 3]")
    if faces.shape[1] > MOST_SIDE_PX:
        raise ValueError(f"face_patch claims faces of {faces.shape[1]} px")
    if poses.shape != (len(faces), 2):
        raise ValueError(f"face_head_pose is {poses.shape}, not [{len(faces)}, 2]")
    return faces, poses
