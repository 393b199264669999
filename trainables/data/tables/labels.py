"""From the fields of a row to its labels: numbers in the label's unit, or a rotation as a pose.

    yaw, pitch, roll                angles, also yaw_deg, ...; roll may be missing
    qw, qx, qy, qz                  a unit quaternion
    r00, r01, r02, r10, ..., r22    a rotation matrix, row by row
    rotvec_x, rotvec_y, rotvec_z    a rotation vector: the axis times the angle in radians

A rotation is that of the head, in the axes of a `Frame`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trainables.data.tables.numbers import number
from trainables.pose.representations import (
    Doubles,
    Frame,
    matrix_from_quaternion,
    matrix_from_rows,
    matrix_from_vector,
    pose_from_rotation,
)
from trainables.target import Label
from trainables.target.head_pose_metrics import DEGREES

TURN = 360.0
THOUSAND = 1000
"""Where a label stays below it, 1,234 cannot be a number of thousands."""

WRAPPED = "an angle beyond 180 degrees was taken as the same one within them: 312 is -48"


class LabelReader(Protocol):
    """Reads the labels of a row whose fields have their known names."""

    def __call__(self, row: Mapping[str, str]) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """Return the labels in order, and what is to be said of them.

        Raises `ValueError` where they are missing or no such labels.
        """


@dataclass(frozen=True)
class Numbers:
    """A column for each label."""

    labels: tuple[Label, ...]
    radians: bool
    negate: tuple[str, ...]
    decimal_commas: bool

    def __call__(self, row: Mapping[str, str]) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """Return the labels in their units; see `LabelReader`."""
        read = [self._value(label, row) for label in self.labels]
        return tuple(value for value, _ in read), (WRAPPED,) if any(wrapped for _, wrapped in read) else ()

    def _value(self, label: Label, row: Mapping[str, str]) -> tuple[float, bool]:
        """Return a label's value and whether it was wrapped."""
        if (text := written(label, row)) is None:
            raise ValueError(f"the row has no {label.name}")
        value = number(text, decimal_comma=self.decimal_commas and label.high < THOUSAND)
        if label.name in self.negate:
            value = -value
        radians = self.radians and label.unit == DEGREES
        degrees = math.degrees(value) if radians else value
        if label.low <= degrees <= label.high or not math.isfinite(degrees):
            return degrees, False
        if label.high - label.low == TURN and abs(degrees) <= TURN:
            return degrees - math.copysign(TURN, degrees), True
        reach = f"{label.low:g} to {label.high:g} {label.unit.name}"
        read_as = ", read as radians" if radians else ""
        raise ValueError(f"{label.name} {text} is not within {reach}{read_as}")


@dataclass(frozen=True)
class Rotations:
    """Columns that are one rotation together."""

    title: str
    columns: tuple[str, ...]
    matrix: Callable[[Doubles], Doubles]

    def __call__(self, row: Mapping[str, str]) -> Doubles:
        """Return the rotation [3, 3] of a row. Raises `ValueError` where it is none."""
        if missing := [name for name in self.columns if name not in row]:
            raise ValueError(f"the row has no {', '.join(missing)}")
        return self.matrix(np.array([number(row[name], decimal_comma=True) for name in self.columns]))


@dataclass(frozen=True)
class Poses:
    """A rotation for the three angles of a head pose."""

    rotations: Rotations
    frame: Frame

    def __call__(self, row: Mapping[str, str]) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """Return yaw, pitch and roll in degrees; see `LabelReader`."""
        yaw, pitch, roll = pose_from_rotation(self.rotations(row), self.frame)
        return (float(yaw), float(pitch), float(roll)), ()


REPRESENTATIONS = (
    Rotations("quaternions", ("qw", "qx", "qy", "qz"), matrix_from_quaternion),
    Rotations(
        "rotation matrices",
        tuple(f"r{row}{column}" for row in range(3) for column in range(3)),
        matrix_from_rows,
    ),
    Rotations("rotation vectors", ("rotvec_x", "rotvec_y", "rotvec_z"), matrix_from_vector),
)
"""What a pose can be given as, instead of its angles."""

ROTATION_COLUMNS = tuple(column for each in REPRESENTATIONS for column in each.columns)


def names_of(label: Label) -> tuple[str, str]:
    """Return what a label's column may be called."""
    return label.name, label.column


def written(label: Label, row: Mapping[str, str]) -> str | None:
    """Return what a row holds for a label, None where it holds nothing."""
    return next((row[name] for name in names_of(label) if name in row), None)


def representation(columns: Sequence[str]) -> Rotations | None:
    """Return the representation whose columns are all there, the first of several."""
    return next((each for each in REPRESENTATIONS if set(each.columns) <= set(columns)), None)
