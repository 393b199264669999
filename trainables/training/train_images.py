"""The images that a run learns from: those with labels, and those without, which are the helper's alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.base.errors import Fault
from trainables.data.datasets import open_dataset
from trainables.data.datasets.prepared import PreparedDataset, Samples, together
from trainables.data.labelled import split_labels
from trainables.training.config import TrainConfig


@dataclass(frozen=True)
class TrainImages:
    """The training images whose labels are kept, and all images without labels; None where there are none.

    `unlabelled_dataset` is what `data.unlabelled` names, if anything. `seen` are the selections that all come
    from: a person in one of them is known to the network.
    """

    dataset: PreparedDataset
    labelled: Samples
    unlabelled: Samples | None
    unlabelled_dataset: PreparedDataset | None
    seen: tuple[tuple[PreparedDataset, Samples], ...]


def open_train(config: TrainConfig, datasets_root: Path) -> TrainImages:
    """Open them. Raises `InputError` for a dataset, split or subject that is not there, or a lone subject."""
    train, unlabelled = config.data.train, config.data.unlabelled
    dataset = open_dataset(train.dataset, datasets_root)
    whole = dataset.samples(train.split, train.subjects, config.target)
    labelled, rest = split_labels(whole, train.labels)
    if unlabelled.dataset is None:
        return TrainImages(dataset, labelled, rest, None, ((dataset, whole),))
    other = open_dataset(unlabelled.dataset, datasets_root)
    added = other.samples(unlabelled.split, unlabelled.subjects)  # without a target no label is read
    known = {*whole.files}
    new = added.where(np.array([file not in known for file in added.files]))
    parts = [part for part in (rest, new) if part is not None and len(part)]
    seen = ((dataset, whole), (other, added))
    return TrainImages(dataset, labelled, together(parts) if parts else None, other, seen)


def few_faults(config: TrainConfig, images: TrainImages) -> Iterator[Fault]:
    """Refuse a lone image with a label, and fewer without than join a step: one would be there twice."""
    if len(images.labelled) == 1 and config.data.train.labels < 1:
        rule = "one training image has a label, and BatchNorm may normalise it to nothing: raise labels"
        yield Fault(rule, "data.train.labels")
    if config.unlabelled_share == 0:
        return
    needed = config.data.unlabelled.per_step(min(config.data.batch, len(images.labelled)))
    there = 0 if images.unlabelled is None else len(images.unlabelled)
    if there < needed:
        yield Fault(
            f"{there} images are without a label, and {needed} of them are to join each step "
            f"(share: {config.data.unlabelled.share:g}): name another dataset, or lower share or data.batch",
            "data.unlabelled",
        )
