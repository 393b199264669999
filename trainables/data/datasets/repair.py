"""Repairs a prepared dataset: drops images that are of no use, and makes its card say what is there."""

from __future__ import annotations

from collections.abc import Collection

from trainables.base.errors import InputError
from trainables.data.datasets.prepared import PreparedDataset, write_labels


def repair(dataset: PreparedDataset, bad: Collection[str]) -> PreparedDataset:
    """Take the rows of the images `bad` out of a dataset's labels, and write its card again; return it.

    The files themselves stay. What it is made of has another digest then: a study that has trained on it does
    not go on. Raises `InputError` where no image would be left.
    """
    card, table = dataset.card, dataset.labels()
    kept = table[~table["file"].isin(list(bad))]
    if kept.empty:
        raise InputError(f"no image of dataset {dataset.name!r} can be used: import it again")
    dropped = card.details.get("dropped", 0) + len(table) - len(kept)
    details = {**card.details, **({"dropped": dropped} if dropped else {})}
    return write_labels(dataset.folder, kept, source=card.source, convention=card.convention, details=details)
