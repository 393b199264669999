"""A table of labels as a whole: its columns are found and its numbers looked through before any image is.

What is wrong in a single row is said when the row is read. Here is refused what would be read, and wrongly:
columns that are missing or there twice, radians taken as degrees, a person in two splits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trainables.base.errors import Fault, InputError
from trainables.data.checks.subjects import both_sides
from trainables.data.datasets.raw import held_out
from trainables.data.tables.columns import Columns
from trainables.data.tables.labels import (
    REPRESENTATIONS,
    ROTATION_COLUMNS,
    LabelReader,
    Numbers,
    Poses,
    Rotations,
    names_of,
    representation,
    written,
)
from trainables.data.tables.numbers import number
from trainables.data.tables.table import LabelTable, Row, Unreadable
from trainables.pose.angles import ANGLES
from trainables.pose.representations import Frame
from trainables.target import Label, TargetConfig
from trainables.target.head_pose_metrics import DEGREES

FILE, SUBJECT, SPLIT, BOX = "file", "subject", "split", "box"
EDGES = ("left", "top", "right", "bottom")
OTHERS = (FILE, SUBJECT, SPLIT, BOX)

HANDFUL = 8
"""With so few rows, small angles may well be small heads' turns in degrees."""

LARGEST_RADIANS = 3.2
"""Half a turn is 3.14."""


@dataclass(frozen=True)
class LabelledTable:
    """A table without a fault of its own: its labels, and how to read those of a row."""

    table: LabelTable
    columns: Columns
    labels: tuple[Label, ...]
    read_labels: LabelReader
    notes: tuple[str, ...]

    @property
    def file(self) -> Path:
        """Where the table lies."""
        return self.table.file

    def rows(self) -> Iterator[Row | Unreadable]:
        """Yield the rows with the known names of their columns, in one order."""
        return _renamed(self.table, self.columns)


@dataclass(frozen=True)
class TableOptions:
    """How the numbers of a table are meant."""

    radians: bool
    unit_is_given: bool
    """Whether the unit was named, not taken by default."""
    negate: tuple[str, ...]
    frame: Frame | None
    held_out_share: float
    """Share of the subjects in `validation`, for rows without a split."""


def whole_table(table: LabelTable, target: TargetConfig, options: TableOptions) -> LabelledTable:
    """Return a table with its columns found. Raises `InputError` with all that is wrong with it."""
    found = _Found.of(table, target)
    _refuse(table, found.faults(options))
    look = _Look.at(found, options.held_out_share)
    _refuse(table, (*look.faults(options.unit_is_given), *both_sides(look.subjects, look.splits)))
    notes = tuple(_notes(found.columns, look))
    return LabelledTable(table, found.columns, found.labels, found.reader(options), notes)


def _refuse(table: LabelTable, faults: Iterable[str]) -> None:
    if listed := [Fault(fault, file=str(table.file)) for fault in faults]:
        raise InputError(listed)


@dataclass(frozen=True)
class _Found:
    """What of a target's labels a table has columns of."""

    table: LabelTable
    target: TargetConfig
    columns: Columns
    labels: tuple[Label, ...]
    rotations: Rotations | None
    """What the poses are given as, instead of angles."""

    @classmethod
    def of(cls, table: LabelTable, target: TargetConfig) -> _Found:
        names = [name for label in target.labels for name in names_of(label)]
        poses = _is_pose(target)
        columns = Columns.of(table.columns, (*OTHERS, *names, *EDGES, *(ROTATION_COLUMNS if poses else ())))
        there = columns.written
        labels = tuple(label for label in target.labels if any(name in there for name in names_of(label)))
        rotations = representation([*there]) if poses and not labels else None
        return cls(table, target, columns, target.labels if rotations else labels, rotations)

    def faults(self, options: TableOptions) -> Iterator[str]:
        """Yield what is wrong with the columns, and with options that do not fit them."""
        yield from self.columns.faults
        yield from self._missing()
        yield from self._doubled()
        if self.rotations is not None:
            yield from _rotation_faults(self.rotations, options)
        elif options.frame is not None:
            yield "--frame is for poses given as rotations, and the table has none"

    def _missing(self) -> Iterator[str]:
        missing = [] if FILE in self.columns.written else [FILE]
        missing += [each.name for each in self.target.labels if each not in self.labels and not each.optional]
        there = ", ".join(self.table.columns) or "no column"
        if FILE in missing and any(_is_number(column) for column in self.table.columns):
            there += ", which is no heading: write one above, file,yaw,pitch,roll"
        for name in missing:
            yield f"the column {name!r} is missing; the table has {there}{self._instead(name)}"

    def _instead(self, name: str) -> str:
        """Say what may stand in the place of angles, once."""
        if self.labels or name != self.target.labels[0].name or not _is_pose(self.target):
            return ""
        others = "; ".join(f"{each.title} {', '.join(each.columns)}" for each in REPRESENTATIONS)
        return f". Instead of angles it may have {others}"

    def _doubled(self) -> Iterator[str]:
        for label in self.target.labels:
            if all(name in self.columns.written for name in names_of(label)):
                names = " and ".join(map(repr, names_of(label)))
                yield f"the columns {names} are one label: leave one of them"
        edges = [edge for edge in EDGES if edge in self.columns.written]
        if edges and len(edges) < len(EDGES):
            missing = ", ".join(edge for edge in EDGES if edge not in edges)
            yield f"of the face box there are {', '.join(edges)}, and {missing} missing: add columns, or none"
        if edges and BOX in self.columns.written:
            yield f"{BOX!r} and {', '.join(edges)} are the same box: leave one of them"

    def reader(self, options: TableOptions) -> LabelReader:
        """Return what reads the labels of a row."""
        if self.rotations is not None and options.frame is not None:
            return Poses(self.rotations, options.frame)
        return Numbers(self.labels, options.radians, options.negate, self.table.decimal_commas)


def _is_pose(target: TargetConfig) -> bool:
    """Return whether rotations say the labels of a target: its labels are the three angles."""
    return tuple(label.name for label in target.labels) == ANGLES


def _renamed(table: LabelTable, columns: Columns) -> Iterator[Row | Unreadable]:
    for row in table.rows():
        if isinstance(row, Unreadable):
            yield row
            continue
        known = {name: row[as_written] for name, as_written in columns.written.items() if as_written in row}
        readable = not any(0xD800 <= ord(char) < 0xE000 for char in "".join(known.values()))
        yield known if readable else Unreadable("the row is not UTF-8: save the table as UTF-8")


def _is_number(text: str) -> bool:
    try:
        number(text, decimal_comma=True)
    except ValueError:
        return False
    return True


def _rotation_faults(rotations: Rotations, options: TableOptions) -> Iterator[str]:
    if options.frame is None:
        yield (
            f"the poses are {rotations.title} ({', '.join(rotations.columns)}): say in which axes by "
            "--frame opencv (x right, y down, z away from the viewer), --frame opengl (x right, y up, z "
            "towards the viewer) or --frame 6drepnet (Rz(roll) Ry(yaw) Rx(pitch) itself)"
        )
    if options.negate:
        yield "--negate is for angles, and these poses are rotations: their axes are told by --frame"


@dataclass
class _Look:
    """What one reading of all rows came to."""

    rows: int = 0
    angles: int = 0
    """Rows whose angles are numbers."""
    largest: float = 0.0
    """The largest of them, whatever its sign."""
    without_subject: int = 0
    subjects: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, found: _Found, held_out_share: float) -> _Look:
        look, labels = cls(), found.labels if found.rotations is None else ()
        splits_are_named = SPLIT in found.columns.written
        angles = [label for label in labels if label.unit == DEGREES]
        for row in _renamed(found.table, found.columns):
            look.rows += 1
            if isinstance(row, Unreadable):
                continue
            if (subject := row.get(SUBJECT)) is None:
                look.without_subject += 1
            elif splits_are_named:
                split = row.get(SPLIT) or ("validation" if held_out(subject, held_out_share) else "train")
                look.subjects.append(subject)
                look.splits.append(split)
            look._measure([written(label, row) for label in angles])
        return look

    def _measure(self, texts: Sequence[str | None]) -> None:
        try:
            values = [abs(number(text, decimal_comma=True)) for text in texts if text is not None]
        except ValueError:
            return  # said when the row is read
        if values and all(map(math.isfinite, values)):
            self.angles += 1
            self.largest = max(self.largest, *values)

    def faults(self, unit_is_given: bool) -> Iterator[str]:
        if not self.rows:
            yield "the table has a heading and no row"
        if not unit_is_given and self.angles >= HANDFUL and 0 < self.largest < LARGEST_RADIANS:
            yield (
                f"the angles of all {self.angles} rows are below {LARGEST_RADIANS:g}, the largest is "
                f"{self.largest:g}: they look like radians. Say --unit radians, or --unit degrees where the "
                "heads turn no further"
            )


def _notes(columns: Columns, look: _Look) -> Iterator[str]:
    if columns.unused:
        yield f"columns that were not used: {', '.join(columns.unused)}"
    if look.without_subject:
        yield (
            f"{look.without_subject} of {look.rows} rows name no subject, so each of their files is taken "
            "for another person: one person's images may then be in two splits"
        )
    whole = [split.split(" ") for split in dict.fromkeys(look.splits)]
    names = {name for names in whole for name in names}
    if names and not names & {"validation"}:
        yield (
            f"no split is called 'validation' (there: {', '.join(sorted(names))}): a search needs one, or "
            "data.validation.split with its name"
        )
