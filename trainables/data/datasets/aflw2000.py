"""AFLW2000-3D: 2000 photographs in the wild; a test set.

    imageNNNNN.jpg + imageNNNNN.mat

Labels. `Pose_Para` holds pitch, yaw and roll in radians, in this project's convention; only order and unit
differ.

Splits. `full` is all of them. `reduced` is those with every angle within 99 degrees, 1969 of the 2000; labels
of the others reach -972 degrees. One row of the labels names both splits, since the images are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from trainables.base.errors import Fault, InputError
from trainables.data.datasets.crops import Margins, Square, box_of_points, squared, widened
from trainables.data.datasets.matlab import pairs, points_of, pose_deg_of, read_mat
from trainables.data.datasets.raw import ImportConfig, LabelledImage, RawItem, rgb
from trainables.pose.angles import CONVENTION
from trainables.target import TARGETS

REDUCED_DEG = 99.0
"""Largest angle of the split `reduced`. [HopeNet]"""

HIDDEN = (
    "hidden landmarks are written as -1 and pull HopeNet's box into the corner of the image: a network "
    "trained on other crops errs by tens of degrees there. --box pt3d_68 has no such points"
)


def margins(k: float) -> Margins:
    """Return HopeNet's margins around the box of the landmarks in this dataset, larger than in 300W-LP."""
    return Margins(left=2 * k, top=2 * k, right=2 * k, bottom=0.6 * k)


class AFLW2000Config(ImportConfig):
    """AFLW2000-3D: the folder that holds image00002.jpg and its .mat."""

    box: Literal["pt2d", "pt3d_68"] = "pt2d"
    """Landmarks inside the face box: HopeNet's `pt2d`, 21 points of which hidden ones are -1 and pull the box
    into the corner; or all 68 of `pt3d_68`, which always lie on the face."""

    margin_k: float = Field(default=0.2, ge=0, le=2)
    """HopeNet's margin k around the landmarks. [HopeNet: 0.2]"""

    square: Square = "inside"
    """Square made of the box: `inside`, its middle, as HopeNet's CenterCrop does, or `around` all of it."""

    @property
    def note(self) -> str:
        """What HopeNet's box does to the faces."""
        if self.box != "pt2d":
            return ""
        return (
            "HopeNet's box (--box pt2d) leaves the face at about half the side of the crop, with black rims "
            "where it exceeds the image: made to compare with published numbers. Where nothing has to be "
            "compared, import with --box pt3d_68"
        )

    def build(self, raw: Path) -> AFLW2000:
        """Return the dataset at `raw`. Raises `InputError` where none of its images is there."""
        root = next((root for root in (raw, raw / "AFLW2000") if any(root.glob("image[0-9]*.jpg"))), None)
        if root is None:
            raise InputError(Fault("there is no imageNNNNN.jpg in this folder", file=str(raw)))
        return AFLW2000(root, self)


class AFLW2000:
    """The raw folder of AFLW2000-3D."""

    source = "AFLW2000-3D, poses of its 3DMM fits, face boxes from its landmarks"
    labels = TARGETS["head_pose"]().labels
    convention = CONVENTION

    def __init__(self, root: Path, config: AFLW2000Config) -> None:
        self.root, self.config = root, config

    def items(self) -> Iterator[RawItem]:
        """Yield the pairs by name."""
        yield from (item for item in pairs(self.root, "", "") if item.name.startswith("image"))

    def read(self, item: RawItem) -> LabelledImage:
        """Return an image. Identities are not published, so each image is a subject of its own."""
        file = self.root / item.file
        arrays = read_mat(file.with_suffix(".mat"), "Pose_Para", self.config.box)
        pose_deg = pose_deg_of(arrays["Pose_Para"])
        points = points_of(arrays[self.config.box], self.config.box)
        return LabelledImage(
            image=rgb(file),
            box=squared(widened(box_of_points(points), margins(self.config.margin_k)), self.config.square),
            labels=pose_deg,
            subject=file.stem,
            split="full reduced" if all(abs(angle) <= REDUCED_DEG for angle in pose_deg) else "full",
            remarks=(HIDDEN,) if (points[:2] == -1).any() else (),
            landmarks=points,
        )

    def details(self) -> dict[str, Any]:
        """Return which landmarks the boxes come from."""
        return {"detector": f"landmarks {self.config.box}"}
