"""A user's own images: a CSV or Parquet table of their labels, and a folder.

    file,yaw,pitch,roll[,subject][,split][,box]

The labels are those of the option `target`, a head pose unless it says otherwise; a column is called by the
label's name or as in the prepared dataset (`yaw`, `yaw_deg`).

`file` is relative to the table. Angles must follow this project's convention (yaw > 0: nose to the image's
left, pitch > 0: up, roll > 0: clockwise, composed as AFLW2000's); `negate` and `unit` convert other common
ones. `box` is left, top, right and bottom in pixels, separated by spaces, commas or semicolons; without it
the whole image is taken as the face. Images are first turned upright as their EXIF data says, and read as
8-bit RGB (`trainables.data.pixels`).
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any, Literal, TextIO

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from trainables.base.errors import Fault, InputError, nearest, why
from trainables.base.schema import Strings
from trainables.data.datasets.crops import Box, Square, squared
from trainables.data.datasets.raw import ImportConfig, LabelledImage, RawItem, file_size, held_out
from trainables.data.image_file import open_image
from trainables.data.pixels import rgb_of
from trainables.target import TARGETS, Label
from trainables.target.head_pose_metrics import DEGREES

TABLES = ("labels.csv", "labels.parquet")
HEAD_POSE = "head_pose"
OPTIONAL = ("subject", "split", "box")
SPLITS = re.compile(r"[A-Za-z0-9][\w.-]*( [A-Za-z0-9][\w.-]*)*")


class FolderConfig(ImportConfig):
    """Own images: a CSV or Parquet file, or the folder that holds labels.csv or labels.parquet."""

    target: str = HEAD_POSE
    """Whose labels the table has."""

    unit: Literal["degrees", "radians"] = "degrees"
    """Unit of the table's angles."""

    negate: Strings = ()
    """Labels whose sign is opposite in the table: any of yaw, pitch, roll."""

    square: Square = "around"
    """Square made of the box: `around` all of it, or `inside`, its middle."""

    validation_share: float = Field(default=0.1, ge=0, lt=1)
    """Share of the subjects held out as split `validation`, for rows without a split."""

    @model_serializer(mode="wrap")
    def _as_older_versions_wrote_it(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the default target out: it would make another import of each that was finished before."""
        written: dict[str, Any] = write(self)
        return {key: value for key, value in written.items() if (key, value) != ("target", HEAD_POSE)}

    @field_validator("target")
    @classmethod
    def _is_a_target(cls, name: str) -> str:
        if name not in TARGETS:
            raise ValueError(f"{name!r} is no target{nearest(name, TARGETS)}")
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
        """Return the dataset at `raw`. Raises `InputError` for a missing table or column."""
        tables = [raw] if raw.is_file() else [raw / name for name in TABLES if (raw / name).is_file()]
        if len(tables) != 1 or tables[0].suffix not in (".csv", ".parquet"):
            raise InputError(
                Fault(f"expected a .csv or .parquet file, or a folder with one of {TABLES}", file=str(raw))
            )
        return Folder(tables[0], self)


class Folder:
    """A table of labels and its folder of images."""

    source = "own images"

    def __init__(self, table: Path, config: FolderConfig) -> None:
        self.table, self.root, self.config = table, table.parent, config
        self.columns = _columns(table)
        target = TARGETS[config.target]()
        self.convention = target.convention
        self._known = ("file", *OPTIONAL, *(name for label in target.labels for name in _names(label)))
        there = [any(name in self.columns for name in _names(label)) for label in target.labels]
        pairs = list(zip(target.labels, there, strict=True))
        missing = [] if "file" in self.columns else ["file"]
        missing += [label.name for label, found in pairs if not found and not label.optional]
        faults = [f"the column {name!r} is missing" for name in missing]
        if faults:
            known = ", ".join(self.columns)
            raise InputError([Fault(f"{fault}; the table has {known}", file=str(table)) for fault in faults])
        self.labels = tuple(label for label, found in pairs if found)

    def items(self) -> Iterator[RawItem]:
        """Yield the table's rows, numbered, since one image may have several rows with a box each."""
        for number, row in enumerate(_rows(self.table)):
            if isinstance(row, str):
                yield RawItem(
                    f"row {number + 1}", f"{number // 1000:04d}/unreadable-{number:06d}", -1, detail=row
                )
                continue
            file = str(row["file"])
            detail = {key: str(row[key]) for key in self._known if row.get(key) not in (None, "")}
            name = f"{_stem(file)}-{number:06d}" if _inside(file) else f"outside-{number:06d}"
            yield RawItem(file, f"{number // 1000:04d}/{name}", file_size(self.root / file), detail=detail)

    def read(self, item: RawItem) -> LabelledImage:
        """Return the image of a row. Raises `ValueError` for a row that is incomplete or ambiguous."""
        if isinstance(item.detail, str):
            raise ValueError(item.detail)
        row: Mapping[str, str] = item.detail
        if any(0xD800 <= ord(char) < 0xE000 for char in "".join(row.values())):
            raise ValueError("the row is not UTF-8")
        if not _inside(item.file):
            raise ValueError("the file must lie below the table's folder: no absolute path, no '..'")
        with open_image(self.root / item.file) as opened:
            image = rgb_of(opened, upright=True)
        subject = row.get("subject", item.file)
        split = row.get("split") or (
            "validation" if held_out(subject, self.config.validation_share) else "train"
        )
        if not SPLITS.fullmatch(split):
            raise ValueError(f"{split!r} is not a split: write names separated by single spaces")
        box = _box(row["box"]) if "box" in row else Box(0, 0, image.width, image.height)
        labels = tuple(self._value(label, row) for label in self.labels)
        return LabelledImage(image, squared(box, self.config.square), labels, subject, split)

    def _value(self, label: Label, row: Mapping[str, str]) -> float:
        written = next((row[name] for name in _names(label) if name in row), None)
        if written is None:
            raise ValueError(f"the row has no {label.name}")
        value = -float(written) if label.name in self.config.negate else float(written)
        in_radians = self.config.unit == "radians" and label.unit == DEGREES
        return math.degrees(value) if in_radians else value

    def details(self) -> dict[str, Any]:
        """Return the name of the table."""
        return {"table": self.table.name}


def _names(label: Label) -> tuple[str, str]:
    """Return what a label's column may be called."""
    return label.name, label.column


def _stem(file: str) -> str:
    """Return a file's name for its prepared image: a file system takes 255 bytes, the number among them."""
    return PurePath(file).stem[:80].encode(errors="replace")[:240].decode(errors="ignore")


def _inside(file: str) -> bool:
    return not PurePath(file).is_absolute() and ".." not in PurePath(file).parts


def _box(text: str) -> Box:
    edges = [float(word) for word in re.split(r"[\s,;]+", text.strip("[]() "))]
    if len(edges) != 4 or not edges[0] < edges[2] or not edges[1] < edges[3]:
        raise ValueError(f"the box {text!r} is not left, top, right, bottom")
    return Box(*edges)


def _columns(table: Path) -> tuple[str, ...]:
    """Return the names of a table's columns. Raises `InputError` where it cannot be read."""
    try:
        if table.suffix == ".csv":
            with _opened(table) as opened:
                return tuple(next(csv.reader(opened), ()))
        from pyarrow import parquet

        return tuple(parquet.read_schema(table).names)
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(Fault(f"this table cannot be read: {why(error)}", file=str(table))) from None


def _opened(table: Path) -> TextIO:
    """Open a CSV file. Bytes that are not UTF-8 come as surrogates: they spoil their own row alone."""
    return table.open(newline="", encoding="utf-8-sig", errors="surrogateescape")


def _rows(table: Path) -> Iterator[Mapping[str, Any] | str]:
    """Yield a table's rows, a few at a time in memory; for one that cannot be read, the reason."""
    if table.suffix == ".csv":
        with _opened(table) as opened:
            rows = csv.DictReader(opened)
            while True:
                try:
                    yield next(rows)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield f"line {rows.line_num} of the table cannot be read: {error}"
    from pyarrow import parquet

    with parquet.ParquetFile(table) as opened:
        for batch in opened.iter_batches(batch_size=1024):
            yield from batch.to_pylist()
