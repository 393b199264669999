"""What is known of public datasets beside their files: which parts results are of, and who is there twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainables.data.datasets.biwi import SAME_PERSON, drawn_third
from trainables.data.datasets.prepared import PreparedDataset

if TYPE_CHECKING:
    import pandas as pd

BIWI = "biwi"
"""The importer whose subjects are sequences; published errors are of all of them or of a random third."""

Rows = npt.NDArray[np.bool_]  # [N], of the split's images


def parts_of(dataset: PreparedDataset, split: str) -> Iterator[tuple[str, Rows]]:
    """Yield the parts of a split by name, such as AFLW2000's `reduced` of its `full`."""
    table = dataset.labels()
    table = table[_inside(table, split)]
    for name in dataset.card.splits:
        rows = _inside(table, name)
        if name != split and rows.sum() == dataset.card.splits[name] < len(table):
            yield f"split {name}", rows
    details = dataset.card.details
    if details.get("importer") == BIWI and details.get("options", {}).get("split") == "whole":
        sequences = tuple(sorted(table["subject"].unique()))
        third = drawn_third(sequences, seed=0)
        if third and len(third) < len(sequences):
            title = f"{len(third)} of {len(sequences)} sequences (70/30, seed 0)"
            yield title, table["subject"].isin(third).to_numpy()


def person_of(dataset: PreparedDataset, subject: str) -> str:
    """Return whose images a subject's are: four people of BIWI have two sequences, which are its subjects."""
    if dataset.card.details.get("importer") != BIWI:
        return subject
    return {second: first for first, second in SAME_PERSON}.get(subject, subject)


def whole_split(dataset: PreparedDataset) -> str | None:
    """Return the split that holds all images, such as AFLW2000's `full`; None where there is none."""
    return next((name for name, images in dataset.card.splits.items() if images == dataset.card.images), None)


def _inside(table: pd.DataFrame, split: str) -> Rows:
    return table["split"].str.split(" ").map(lambda names: split in names).to_numpy(bool)
