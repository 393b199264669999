"""BIWI Kinect: 24 videos of 20 people in front of a depth camera; a test set.

    [hpdb/]NN/rgb.cal, frame_XXXXX_rgb.png, frame_XXXXX_pose.txt    frame numbers have gaps

Labels. `pose.txt` holds the head's rotation R, three rows, and its centre in mm, both in the depth camera's
frame. HopeNet and FSA-Net read `R^T = Rz(-roll) Ry(-yaw) Rx(pitch)`; with the axes turned from the camera's
(y down, z away) to the viewer's that is this project's convention exactly. The rotation of the colour camera,
about one degree, is not applied, since no published result applies it.

Boxes are not shipped. By default a box of `head_mm` is placed around the head's centre, projected into the
colour image by `rgb.cal` (rotation, translation, intrinsics): every frame gets one, so no detector decides
which frames count. Published boxes can be read from a file; frames without a box are then left out. Results
depend on both, so detector and frames are recorded in `dataset.json`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from trainables.base.errors import Fault, InputError, why
from trainables.data.datasets.crops import Box, Margins, Square, box_at, squared, widened
from trainables.data.datasets.raw import ImportConfig, LabelledImage, LeftOut, RawItem, file_size, rgb
from trainables.pose.angles import CONVENTION
from trainables.pose.geometry import pose_from_biwi
from trainables.target import TARGETS

SAME_PERSON = (("03", "15"), ("05", "18"), ("02", "21"), ("07", "22"))
"""Pairs of sequences of one person; both go to the same split."""

FRAME = re.compile(r"(\d\d)[/\\]frame_(\d{5})")

Boxes = dict[tuple[str, str], Box]
"""Face boxes by sequence and frame number."""


def margins(k: float) -> Margins:
    """Return HopeNet's margins around a detector's box in this dataset."""
    return Margins(left=0.6 * k, top=k, right=0.6 * k, bottom=0.6 * k)


class BIWIConfig(ImportConfig):
    """BIWI Kinect: the folder that holds the sequences 01 to 24, or hpdb."""

    split: Literal["whole", "16/8"] = "whole"
    """`whole`: all sequences are `test`; `16/8`: a third of the sequences, drawn by `seed`, is `test`, the
    others are `train`; both sequences of one person go to the same split."""

    seed: int = Field(default=0, ge=0)
    """Seed of the 16/8 split."""

    head_mm: float = Field(default=200, ge=50, le=1000)
    """Side of the box around the projected head centre, in mm at the head; 200 is as tight as 300W-LP's
    crops."""

    boxes: str | None = Field(default=None, exclude=True)
    """File of published face boxes, one per line: a path with `NN/frame_XXXXX` in it, then left, top, right
    and bottom in pixels, separated by commas, semicolons or spaces; frames without a box are left out."""

    margin_k: float = Field(default=0.35, ge=0, le=2)
    """HopeNet's margin k around the boxes of a file. [HopeNet: 0.35]"""

    square: Square = "inside"
    """Square made of a file's box: `inside`, its middle, as HopeNet's CenterCrop does, or `around` all of
    it."""

    def build(self, raw: Path) -> BIWI:
        """Return the dataset at `raw`. Raises `InputError` for a missing sequence or a bad box."""
        for root in (raw, raw / "hpdb", raw / "faces_0"):
            sequences = sorted(file.parent.name for file in root.glob("[0-9][0-9]/rgb.cal"))
            if sequences:
                boxes = None if self.boxes is None else read_boxes(Path(self.boxes))
                return BIWI(root, self, tuple(sequences), boxes)
        raise InputError(Fault("there is no sequence (NN/rgb.cal) in this folder", file=str(raw)))


class BIWI:
    """The raw folder of BIWI."""

    labels = TARGETS["head_pose"]().labels
    convention = CONVENTION

    def __init__(
        self, root: Path, config: BIWIConfig, sequences: tuple[str, ...], boxes: Boxes | None
    ) -> None:
        self.root, self.config, self.sequences, self.boxes = root, config, sequences, boxes
        self.test = drawn_third(sequences, config.seed) if config.split == "16/8" else set(sequences)
        self._cameras: dict[str, ColourCamera] = {}
        self.source = f"BIWI Kinect, poses in the depth camera's frame, face boxes: {self._detector()}"

    def _detector(self) -> str:
        if self.config.boxes is None:
            return f"{self.config.head_mm:g} mm around the head's centre, projected by rgb.cal"
        return f"file {Path(self.config.boxes).name}, margin k {self.config.margin_k:g}"

    def items(self) -> Iterator[RawItem]:
        """Yield the frames, sequence by sequence, each with its box where a file of boxes is given."""
        for sequence in self.sequences:
            for image in sorted((self.root / sequence).glob("frame_*_rgb.png")):
                name = f"{sequence}/{image.name.removesuffix('_rgb.png')}"
                size = file_size(image) + file_size(self.root / f"{name}_pose.txt")
                box = None if self.boxes is None else self.boxes.get((sequence, name[-5:]))
                yield RawItem(file=f"{sequence}/{image.name}", name=name, size=size, detail=box)

    def read(self, item: RawItem) -> LabelledImage:
        """Return a frame. Raises `LeftOut` for one without a box in the file of boxes."""
        if self.boxes is not None and item.detail is None:
            raise LeftOut("a frame without a box in the file of boxes")
        sequence = item.file.partition("/")[0]
        rotation, centre_mm = read_pose(self.root / f"{item.name}_pose.txt")
        yaw, pitch, roll = pose_from_biwi(rotation)
        if item.detail is None:
            if sequence not in self._cameras:
                self._cameras[sequence] = ColourCamera(self.root / sequence / "rgb.cal")
            x, y, mm_px = self._cameras[sequence].project(centre_mm)
            box = squared(box_at(x, y, self.config.head_mm * mm_px), "around")
        else:
            box = squared(widened(item.detail, margins(self.config.margin_k)), self.config.square)
        split = "test" if sequence in self.test else "train"
        return LabelledImage(
            rgb(self.root / item.file), box, (float(yaw), float(pitch), float(roll)), sequence, split
        )

    def details(self) -> dict[str, Any]:
        """Return what errors on this dataset depend on."""
        return {"detector": self._detector(), "test_sequences": sorted(self.test)}


class ColourCamera:
    """The camera of `rgb.cal`: intrinsics, rotation from the depth camera, and shift in mm."""

    def __init__(self, file: Path) -> None:
        rows = [
            [float(word) for word in line.split()] for line in file.read_text().splitlines() if line.strip()
        ]
        if len(rows) < 8:
            raise ValueError(
                f"{file.name} has {len(rows)} rows, not 8 or more: intrinsics (3), distortion, the rotation "
                "from the depth camera (3) and its shift"
            )
        self.intrinsics = np.array(rows[0:3])  # [3, 3]; row 3 is the distortion, all zeros
        self.rotation = np.array(rows[4:7])  # [3, 3]
        self.shift_mm = np.array(rows[7])  # [3]
        if self.intrinsics.shape != (3, 3) or self.rotation.shape != (3, 3) or self.shift_mm.shape != (3,):
            raise ValueError(f"{file.name} holds no camera")

    def project(self, point_mm: npt.NDArray[np.float64]) -> tuple[float, float, float]:
        """Return x and y in pixels of a point in the depth camera's frame, and the pixels of a mm there."""
        x, y, depth_mm = self.rotation @ point_mm + self.shift_mm
        if depth_mm <= 0:
            raise ValueError(f"the head's centre lies behind the camera: {depth_mm:g} mm")
        u, v, w = self.intrinsics @ (x, y, depth_mm)
        return float(u / w), float(v / w), float(self.intrinsics[0, 0] / depth_mm)


def read_pose(file: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return rotation [3, 3] and head centre [3] in mm. Raises `ValueError` where they are not."""
    numbers = np.array(file.read_text().split(), np.float64)
    if numbers.shape != (12,):
        raise ValueError(f"{file.name} holds {numbers.size} numbers, not 12: a rotation and a centre")
    rotation, centre_mm = numbers[:9].reshape(3, 3), numbers[9:]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-2) or np.linalg.det(rotation) < 0:
        raise ValueError(f"{file.name} holds no rotation")
    return rotation, centre_mm


def drawn_third(sequences: tuple[str, ...], seed: int) -> set[str]:
    """Return a random third of the sequences, with both sequences of a person or neither."""
    twice = {sequence: pair for pair in SAME_PERSON for sequence in pair}
    people = sorted(
        {tuple(s for s in twice.get(sequence, (sequence,)) if s in sequences) for sequence in sequences}
    )
    random.Random(seed).shuffle(people)  # noqa: S311 no secret
    wanted, chosen = round(len(sequences) / 3), set[str]()
    for person in people:
        if len(chosen) + len(person) <= wanted:
            chosen.update(person)
    return chosen


def read_boxes(file: Path) -> Boxes:
    """Return the boxes of a file; a heading before the first box and lines with # are skipped.

    Raises `InputError` for a file that is not there, a line that is no box, and a file without one.
    """
    boxes: Boxes = {}
    faults = []
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Fault(f"the face boxes cannot be read: {why(error)}", file=str(file))) from None
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = [word for word in re.split(r"[;,\s]+", line.strip()) if word]
        found = FRAME.search(words[0])
        try:
            edges = Box(*map(float, words[1:5]))
        except (ValueError, TypeError):
            edges = None
        if found and edges:
            boxes[found[1], found[2]] = edges
        elif boxes or found:
            faults.append(
                Fault(f"no NN/frame_XXXXX with four numbers: {line[:80]!r}", file=str(file), line=number)
            )
    if not boxes and not faults:
        faults.append(Fault("there is no line NN/frame_XXXXX with four numbers", file=str(file)))
    if faults:
        raise InputError(faults[:20])
    return boxes
