"""The holes of a search space: a choice between options, or a range of numbers, in place of a value."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trainables.base.schema import KeyPath

Value = str | int | float | bool | None
Params = dict[str, Value]
"""The value of each hole that applies, by its dotted path; a choice's value is the name of its option."""

HOLE_KEYS = ("choice", "float", "int")


@dataclass(frozen=True)
class Option:
    """One option of a choice: its name, the part of the config behind it, and where it was written."""

    name: Value
    tree: Any
    origin: KeyPath


@dataclass(frozen=True)
class Choice:
    """A hole that is filled with one of several options."""

    name: str
    options: tuple[Option, ...]

    def option(self, name: Value) -> Option:
        """Return the option of that name."""
        return next(option for option in self.options if same(option.name, name))

    def ends(self) -> tuple[Value, ...]:
        """Return every option's name."""
        return tuple(option.name for option in self.options)

    probes = grid = ends


@dataclass(frozen=True)
class Range:
    """A hole that is filled with a number between two ends, both included."""

    name: str
    low: float
    high: float
    log: bool
    step: float | None
    whole: bool

    def ends(self) -> tuple[Value, ...]:
        """Return the two ends."""
        return self._number(self.low), self._number(self.high)

    def probes(self) -> tuple[Value, ...]:
        """Return the two ends, and in between the second number of a range with steps."""
        between = () if self._grid_step is None or self.size <= 2 else (self._at(1),)
        return self._number(self.low), *between, self._number(self.high)

    def grid(self) -> tuple[Value, ...]:
        """Return every value that a grid visits: the two ends where there is no step."""
        return self.ends() if self._grid_step is None else tuple(map(self._at, range(self.size)))

    @property
    def size(self) -> int:
        """The number of values that a grid visits."""
        if self._grid_step is None:
            return 2
        return int((_exact(self.high) - _exact(self.low)) / _exact(self._grid_step)) + 1

    @property
    def count(self) -> int | None:
        """The number of values that it may take; None where there is no end of them."""
        return None if self._grid_step is None else self.size

    def nearest(self, value: float) -> int | float:
        """Return a value as it is written in steps: samplers add them up in binary, 0.1 + 0.2 for one."""
        if self._grid_step is None:
            return value
        return self._at(round((_exact(value) - _exact(self.low)) / _exact(self._grid_step)))

    def holds(self, value: object) -> bool:
        """Return whether `value` is a number of this range."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        if not self.low <= value <= self.high:
            return False
        return self.step is None or (_exact(value) - _exact(self.low)) % _exact(self.step) == 0

    @property
    def _grid_step(self) -> float | None:
        return self.step or (1 if self.whole and not self.log else None)

    def _at(self, index: int) -> int | float:
        return self._number(_exact(self.low) + index * _exact(self._grid_step or 0))

    def _number(self, value: float | Decimal) -> int | float:
        return int(value) if self.whole else float(value)


Hole = Choice | Range


def same(left: Any, right: Any) -> bool:
    """Return whether two values are equal, without taking True for 1."""
    return bool(left == right and isinstance(left, bool) == isinstance(right, bool))


def divides(step: float, low: float, high: float) -> bool:
    """Return whether steps of `step` lead from `low` to `high` exactly, in decimal arithmetic."""
    return (_exact(high) - _exact(low)) % _exact(step) == 0


def _exact(value: float) -> Decimal:
    """Return a number as it is written in decimal: 0.1 is exactly a tenth."""
    return Decimal(str(value))
