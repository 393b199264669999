"""A user's own images: a table of their labels, and a folder.

    file,yaw,pitch,roll[,subject][,split][,box]

The labels are those of the option `target`, a head pose unless it says otherwise; a column is called by the
label's name or as in the prepared dataset (`yaw`, `yaw_deg`). A head pose may be a rotation instead, see
`trainables.data.tables.labels`. Names of columns are known again whatever their capitals and spaces.

`file` is relative to the table, or to the folder `images`. Angles must follow this project's convention (yaw
> 0: nose to the image's left, pitch > 0: up, roll > 0: clockwise, composed as AFLW2000's); `negate` and
`unit` convert other common ones. `box` is left, top, right and bottom in pixels, separated by spaces, commas
or semicolons, or each stands in a column of its own; without it the whole image is taken as the face. Images
are first turned upright as their EXIF data says, and read as 8-bit RGB (`trainables.data.pixels`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from trainables.base.errors import InputError, nearest
from trainables.base.schema import Strings
from trainables.data.datasets.crops import Box, Square, squared
from trainables.data.datasets.folder_table import (
    BOX,
    EDGES,
    SUBJECT,
    LabelledTable,
    TableOptions,
    whole_table,
)
from trainables.data.datasets.raw import ImportConfig, LabelledImage, RawItem, file_size, held_out
from trainables.data.image_file import open_image
from trainables.data.pixels import rgb_of
from trainables.data.tables import open_table
from trainables.data.tables.numbers import number
from trainables.data.tables.table import Unreadable
from trainables.pose.representations import Frame
from trainables.target import TARGETS

HEAD_POSE = "head_pose"
SPLITS = re.compile(r"[A-Za-z0-9][\w.-]*( [A-Za-z0-9][\w.-]*)*")
ADDED = {"target": HEAD_POSE, "frame": None}
"""Options that older versions did not have, with what they did."""


class FolderConfig(ImportConfig):
    """Own images: a table (.csv, .tsv, .parquet, .jsonl), or the folder that holds labels.csv."""

    target: str = HEAD_POSE
    """Whose labels the table has."""

    unit: Literal["degrees", "radians"] = "degrees"
    """Unit of the table's angles: degrees or radians."""

    negate: Strings = ()
    """Labels whose sign is opposite in the table: any of yaw, pitch, roll."""

    frame: Frame | None = None
    """Axes of poses given as quaternions, matrices or rotation vectors: opencv (y down, z away from the
    viewer), opengl (y up, z towards the viewer) or 6drepnet (the matrix of the angles itself)."""

    images: str | None = Field(default=None, exclude=True)
    """Folder that the files are in, where it is not the table's; absolute paths must lie below it."""

    square: Square = "around"
    """Square made of the box: `around` all of it, or `inside`, its middle."""

    validation_share: float = Field(default=0.1, ge=0, lt=1)
    """Share of the subjects held out as split `validation`, for rows without a split."""

    @model_serializer(mode="wrap")
    def _as_older_versions_wrote_it(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave new options at their defaults out: they would make another import of each finished before."""
        written: dict[str, Any] = write(self)
        return {key: value for key, value in written.items() if key not in ADDED or value != ADDED[key]}

    @field_validator("target")
    @classmethod
    def _is_a_target(cls, name: str) -> str:
        if name not in TARGETS:
            raise ValueError(f"{name!r} is not a target{nearest(name, TARGETS)}")
        return name

    @field_validator("negate")
    @classmethod
    def _are_labels(cls, names: tuple[str, ...], fields: ValidationInfo) -> tuple[str, ...]:
        if (target := fields.data.get("target")) is None:  # at fault itself
            return names
        known = [label.name for label in TARGETS[target]().labels]
        unknown = [f"{name!r} is not a label{nearest(name, known)}" for name in names if name not in known]
        if unknown:
            raise ValueError("; ".join(unknown))
        return names

    def build(self, raw: Path) -> Folder:
        """Return the dataset at `raw`. Raises `InputError` for every fault of its table as a whole."""
        options = TableOptions(
            radians=self.unit == "radians",
            unit_is_given="unit" in self.model_fields_set,
            negate=self.negate,
            frame=self.frame,
            held_out_share=self.validation_share,
        )
        table = whole_table(open_table(raw), TARGETS[self.target](), options)
        root = table.file.parent if self.images is None else Path(self.images)
        if not root.is_dir():
            raise InputError(f"--images: there is no folder {root}")
        return Folder(table, root, self)


class Folder:
    """A table of labels and its folder of images."""

    source = "own images"

    def __init__(self, table: LabelledTable, root: Path, config: FolderConfig) -> None:
        self.table, self.root, self.config = table, root, config
        self.convention = TARGETS[config.target]().convention
        self.labels = table.labels

    def items(self) -> Iterator[RawItem]:
        """Yield the table's rows, numbered, since one image may have several rows with a box each."""
        for place, row in enumerate(self.table.rows()):
            if isinstance(row, Unreadable):
                name = f"{place // 1000:04d}/unreadable-{place:06d}"
                yield RawItem(f"row {place + 1}", name, -1, detail=row.reason)
                continue
            file = self._below(row.get("file", ""))
            stem = _stem(file) if _inside(file) else "outside"
            name = f"{place // 1000:04d}/{stem}-{place:06d}"
            yield RawItem(file, name, file_size(self.root / file), detail=dict(row))

    def _below(self, file: str) -> str:
        """Return a file's path below the folder of images, where it lies there, however it is written."""
        if "\\" in file and file_size(self.root / file) < 0:  # from Windows
            file = file.replace("\\", "/")
        path = PurePath(file)
        root = self.root.absolute()
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else file

    def read(self, item: RawItem) -> LabelledImage:
        """Return the image of a row. Raises `ValueError` for a row that is incomplete or ambiguous."""
        if isinstance(item.detail, str):
            raise ValueError(item.detail)
        row: Mapping[str, str] = item.detail
        if not item.file:
            raise ValueError("the row names no file")
        if not _inside(item.file):
            raise ValueError(
                f"the file must lie below {self.root}: name the folder of the images by --images, or write "
                "files relative to the table, without '..'"
            )
        with open_image(self.root / item.file) as opened:
            image = rgb_of(opened, upright=True)
        subject = row.get(SUBJECT, item.file)
        split = row.get("split") or (
            "validation" if held_out(subject, self.config.validation_share) else "train"
        )
        if not SPLITS.fullmatch(split):
            raise ValueError(f"{split!r} is not a split: write names separated by single spaces")
        box = squared(_box(row) or Box(0, 0, image.width, image.height), self.config.square)
        labels, remarks = self.table.read_labels(row)
        return LabelledImage(image, box, labels, subject, split, remarks)

    def details(self) -> dict[str, Any]:
        """Return the name of the table, and what was found in it that is no fault."""
        notes = {"notes": list(self.table.notes)} if self.table.notes else {}
        return {"table": self.table.file.name, **notes}


def _stem(file: str) -> str:
    """Return a file's name for its prepared image: a file system takes 255 bytes, the number among them."""
    return PurePath(file).stem[:80].encode(errors="replace")[:240].decode(errors="ignore")


def _inside(file: str) -> bool:
    path = PurePath(file)
    return not path.is_absolute() and ".." not in path.parts and not PureWindowsPath(file).drive


def _box(row: Mapping[str, str]) -> Box | None:
    """Return the face box of a row, None where it has none."""
    if BOX in row:
        text = row[BOX]
        words = re.split(r"[\s,;]+", text.strip("[]() "))
    elif missing := [edge for edge in EDGES if edge not in row]:
        if len(missing) == len(EDGES):
            return None
        raise ValueError(f"the row has no {', '.join(missing)}")
    else:
        words = [row[edge] for edge in EDGES]
        text = " ".join(words)
    edges = [number(word, decimal_comma=False) for word in words]
    if len(edges) != 4 or not edges[0] < edges[2] or not edges[1] < edges[3]:
        raise ValueError(f"the box {text!r} is not left, top, right, bottom")
    return Box(*edges)
