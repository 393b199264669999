"""The same people on both sides of a search: an error on faces that were learned by heart is too small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trainables.base.errors import Fault
from trainables.data.datasets import DatasetRef, open_dataset
from trainables.data.datasets.prepared import PreparedDataset, Samples
from trainables.data.datasets.protocols import person_of
from trainables.training.config import TrainConfig

SHOWN = 5
"""Subjects that a message names."""


def seen_of(
    config: TrainConfig, ref: DatasetRef, datasets_root: Path
) -> Iterator[tuple[PreparedDataset, Samples]]:
    """Yield what a search looks at of a dataset: images that it learns from, with labels or without, and
    those that it judges by."""
    data = config.data
    sources = (
        (data.train.dataset, data.train),
        (data.unlabelled.dataset, data.unlabelled),
        (config.validation_dataset, data.validation),
    )
    for looked_at, source in sources:
        if looked_at == ref:
            dataset = open_dataset(ref, datasets_root)
            yield dataset, dataset.samples(source.split, source.subjects)


def people_faults(
    one: PreparedDataset, seen: Samples, other: PreparedDataset, new: Samples, where: str
) -> list[Fault]:
    """Refuse people of a dataset on both sides: their faces were learned, and the error is too small."""
    if one.folder != other.folder:
        return []
    known = {person_of(one, subject) for subject in set(seen.subjects)}
    shared = sorted(subject for subject in set(new.subjects) if person_of(one, subject) in known)
    if not shared:
        return []
    names = ", ".join(shared[:SHOWN]) + (", ..." if len(shared) > SHOWN else "")
    return [
        Fault(
            f"{len(shared)} subjects of {one.name!r} are here and among the images that the search learns or "
            f"judges by: {names}. An error on people already seen is too small: name other subjects, or "
            "import with one split per person",
            where,
        )
    ]
