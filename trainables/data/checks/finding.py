"""What a check finds, and the dataset as the checks see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from trainables.data.datasets.image_looks import ImageLook
from trainables.data.datasets.prepared import PreparedDataset
from trainables.target import Label

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 5
"""Names given as examples of a finding."""

ALWAYS_COMPARED = frozenset({"train", "validation", "test"})
"""Splits that must never share a subject or image; others may overlap by design (`full`, `reduced`)."""


class Weight(Enum):
    """How much a finding matters: with a fault, errors measured on the dataset mean nothing."""

    FAULT = "FAULT"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """A finding in words, and groups of image files that show it."""

    weight: Weight
    text: str
    files: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class View:
    """A prepared dataset with its table [N rows], its labels, and a look at each of its images."""

    dataset: PreparedDataset
    table: pd.DataFrame
    labels: tuple[Label, ...]
    looks: Sequence[ImageLook]  # [N]

    @cached_property
    def splits(self) -> dict[str, pd.DataFrame]:
        """The rows of each split of `dataset.json`."""
        return {name: self.table[in_split(self.table, name)] for name in self.dataset.card.splits}

    @cached_property
    def compared(self) -> tuple[tuple[str, str], ...]:
        """The pairs of splits that may share neither subject nor image."""
        return tuple(compared(self.splits))

    def has(self, label: str) -> bool:
        """Say whether the dataset has a label."""
        return any(each.name == label for each in self.labels)

    def values(self, label: str) -> pd.Series[float]:
        """Return the values of a label [N] in its unit."""
        return self.table[next(each.column for each in self.labels if each.name == label)].astype(float)


Check = Callable[[View], Iterator[Finding]]
"""Looks at a dataset for one kind of fault."""


def in_split(table: pd.DataFrame, name: str) -> pd.Series[bool]:
    """Say of each row whether it is in a split; a row may be in several."""
    return table["split"].str.split(" ").map(lambda names: name in names).astype(bool)


def compared(splits: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of splits that may share neither subject nor image."""
    for one, other in combinations(splits, 2):
        if {one, other} <= ALWAYS_COMPARED or splits[one].index.intersection(splits[other].index).empty:
            yield one, other


def some(names: Iterable[object]) -> str:
    """Return the first names of a list as text."""
    listed = [str(name) for name in names]
    return ", ".join(listed[:SHOWN]) + (", ..." if len(listed) > SHOWN else "")
