"""The same people on both sides of a split: the error on them is of faces that were learned by heart."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from trainables.data.checks.finding import Finding, View, Weight, compared, in_split, some

if TYPE_CHECKING:
    import pandas as pd


def subjects(view: View) -> Iterator[Finding]:
    """Yield the pairs of compared splits that share people."""
    for text in _shared(view.splits):
        yield Finding(Weight.FAULT, text)


def both_sides(subjects: Collection[str], splits: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with the splits [N] of images of these subjects [N]: with the way out."""
    import pandas as pd

    if not len(subjects):
        return
    table = pd.DataFrame({"subject": subjects, "split": splits})
    names = sorted({name for split in table["split"].unique() for name in split.split(" ")})
    for text in _shared({name: table[in_split(table, name)] for name in names}):
        yield f"{text}. Give all images of a person one split, or leave 'split' out: it is drawn by person"


def _shared(splits: dict[str, pd.DataFrame]) -> Iterator[str]:
    for one, other in compared(splits):
        shared = sorted(set(splits[one]["subject"]) & set(splits[other]["subject"]))
        if shared:
            yield f"{len(shared)} subjects are both in {one} and in {other}: {some(shared)}"
