"""300W-LP: 61,225 faces rotated in 3D to large poses, and their mirrored twins; the usual training set.

    AFW/ HELEN/ IBUG/ LFPW/ and AFW_Flip/ ...
        NAME_0.jpg + NAME_0.mat, NAME_1.jpg ...    renderings of photo NAME

Labels. `Pose_Para` holds pitch, yaw and roll in radians, in this project's convention; only order and unit
differ. The twins were fitted separately, so their labels are not exactly the mirrored ones.

Crop. HopeNet draws its margin k from 0.2 to 0.4 each time it loads an image. The widest crop is stored here,
and the zoom augmentation in training gives the others: the side at k = 0.2 is 0.82 of that at k = 0.4
(`(1 + 0.6 k)^2` both), with the middle of the face shifted by less than 5 % of the side. So `zoom: 0.18` is
HopeNet's random margin, and the loader needs no box.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from trainables.base.errors import Fault, InputError
from trainables.data.datasets.crops import Margins, Square, box_of_points, squared, widened
from trainables.data.datasets.matlab import pairs, points_of, pose_deg_of, read_mat
from trainables.data.datasets.raw import ImportConfig, LabelledImage, LeftOut, RawItem, held_out, rgb
from trainables.pose.angles import CONVENTION
from trainables.target import TARGETS

PHOTOS = ("AFW", "HELEN", "IBUG", "LFPW")
FOLDERS = tuple(name for photos in PHOTOS for name in (photos, f"{photos}_Flip"))


def margins(k: float) -> Margins:
    """Return the margins of HopeNet and 6DRepNet around the box of the 68 landmarks."""
    return Margins(left=0.6 * k, top=2 * k, right=0.6 * k, bottom=0.6 * k)


class W300LPConfig(ImportConfig):
    """300W-LP: the folder that holds AFW, HELEN, IBUG, LFPW and their _Flip twins."""

    margin_k: float = Field(default=0.4, ge=0, le=2)
    """HopeNet's margin k around the landmarks; the zoom augmentation narrows it. [HopeNet: 0.2 to 0.4]"""

    square: Square = "inside"
    """Square made of the box: `inside`, its middle, as HopeNet's CenterCrop does, or `around` all of it."""

    max_angle_deg: float | None = Field(default=99, gt=0)
    """Images with a larger yaw, pitch or roll are left out; null keeps all. [HopeNet: 99]"""

    validation_share: float = Field(default=0.05, ge=0, lt=1)
    """Share of the photos held out as split `validation`, with all their renderings and twins."""

    def build(self, raw: Path) -> W300LP:
        """Return the dataset at `raw`. Raises `InputError` where none of its folders is there."""
        for root in (raw, raw / "300W_LP"):
            if any((root / name).is_dir() for name in FOLDERS):
                return W300LP(root, self)
        raise InputError(Fault(f"there is none of {', '.join(FOLDERS)} in this folder", file=str(raw)))


class W300LP:
    """The raw folder of 300W-LP."""

    source = "300W-LP, poses of its 3DMM fits, face boxes from its landmarks"
    labels = TARGETS["head_pose"]().labels
    convention = CONVENTION

    def __init__(self, root: Path, config: W300LPConfig) -> None:
        self.root, self.config = root, config

    def items(self) -> Iterator[RawItem]:
        """Yield the pairs, folder by folder."""
        for name in FOLDERS:
            if (self.root / name).is_dir():
                yield from pairs(self.root / name, f"{name}/", f"{name}/")

    def read(self, item: RawItem) -> LabelledImage:
        """Return an image. Raises `LeftOut` for one with an angle above `max_angle_deg`."""
        file = self.root / item.file
        arrays = read_mat(file.with_suffix(".mat"), "Pose_Para", "pt2d")
        pose_deg = pose_deg_of(arrays["Pose_Para"])
        limit = self.config.max_angle_deg
        if limit is not None and any(abs(angle) > limit for angle in pose_deg):
            raise LeftOut(f"an angle above {limit:g} degrees")
        points = points_of(arrays["pt2d"], "pt2d")
        box = widened(box_of_points(points), margins(self.config.margin_k))
        subject = subject_of(file.stem)
        return LabelledImage(
            image=rgb(file),
            box=squared(box, self.config.square),
            labels=pose_deg,
            subject=subject,
            split="validation" if held_out(subject, self.config.validation_share) else "train",
            landmarks=points,
        )

    def details(self) -> dict[str, Any]:
        """Return which of its folders were there."""
        return {"folders": [name for name in FOLDERS if (self.root / name).is_dir()]}


def subject_of(stem: str) -> str:
    """Return the photo that an image renders: `AFW_134212_1` for `AFW_134212_1_7` and for its twin."""
    return stem.rpartition("_")[0] or stem
