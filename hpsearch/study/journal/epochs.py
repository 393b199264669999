"""The metrics of epochs, small in the file and in memory: their names stand in a journal once.

An epoch is a text in the journal. The first with its names is a JSON object, name by name. Each further one
with the same names in the same order is a JSON list: the number of these names, counted from 0 as the file
has them for the first time, then the values. So most of a long journal is figures.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence

from hpsearch.study.journal.lines import Event
from hpsearch.study.journal.schema import is_epoch_key

Names = tuple[str, ...]


class EpochMetrics(Mapping[str, float]):
    """The metrics of one epoch by name: a tenth of the size of a dictionary, since epochs share their names.

    It equals a dictionary of the same metrics.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, names: Names, values: Sequence[float]) -> None:
        self._names = names
        self._values = values

    def __getitem__(self, name: str) -> float:
        """Return a metric. Raises `KeyError` where it was not measured."""
        try:
            return self._values[self._names.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        """Yield the names in the order in which they were reported."""
        return iter(self._names)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))


class Epochs:
    """Makes the epochs of a journal's events small, and reads them; events are read in the file's order."""

    def __init__(self) -> None:
        self._numbers: dict[Names, int] = {}
        self._names: list[Names] = []

    def small(self, event: Event) -> Event:
        """Return an event as the file has it, whose epoch is a JSON object with all names."""
        attrs = event.get("user_attr")
        if not isinstance(attrs, dict) or not any(map(is_epoch_key, attrs)):
            return event
        return {**event, "user_attr": {key: self._small(text) for key, text in attrs.items()}}

    def read(self, event: Event) -> Event:
        """Return an event of the file with `EpochMetrics` in place of a text.

        Raises `ValueError` or `TypeError` for one that is not what its place is for.
        """
        attrs = event.get("user_attr")
        if not isinstance(attrs, dict) or not any(map(is_epoch_key, attrs)):
            return event
        return {**event, "user_attr": {key: self._read(stored) for key, stored in attrs.items()}}

    def _small(self, text: str) -> str:
        metrics: dict[str, float] = json.loads(text)
        number = self._numbers.get(tuple(metrics))
        values = None if number is None else [number, *metrics.values()]
        return text if values is None else json.dumps(values, separators=(",", ":"))

    def _read(self, stored: str | dict[str, float]) -> EpochMetrics:
        """Return the metrics of an epoch; older journals hold an object where newer ones have a text."""
        found = json.loads(stored) if isinstance(stored, str) else stored
        if isinstance(found, list):
            number, *values = found
            names = next(iter(self._names[number : number + 1]), ())
            if not names or len(values) != len(names):
                raise ValueError(f"an epoch has {len(values)} values for {len(names)} names")
            return EpochMetrics(names, _packed(values))
        names = tuple(map(sys.intern, found))
        if names not in self._numbers:
            self._numbers[names] = len(self._names)
            self._names.append(names)
        return EpochMetrics(self._names[self._numbers[names]], _packed([*found.values()]))


def _packed(values: list[float]) -> Sequence[float]:
    """Return numbers in eight bytes each."""
    if not all(isinstance(value, int | float) for value in values):
        raise TypeError("a metric is no number")
    return array("d", values)
