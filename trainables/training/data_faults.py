"""What is wrong with the labels of a run's images, told before it trains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainables.base.errors import Fault
from trainables.data.datasets.prepared import PreparedDataset, Samples
from trainables.target import Label
from trainables.training.config import TrainConfig


def convention_faults(train: PreparedDataset, other: PreparedDataset, where: str) -> list[Fault]:
    """Refuse labels that mean something else: errors between two conventions measure the conventions."""
    if other.card.convention == train.card.convention:
        return []
    return [
        Fault(
            f"its labels ({other.card.convention}) do not mean what {train.name!r} means by them "
            f"({train.card.convention}): import it in the same convention (eth-xgaze: --angles aflw2000)",
            where,
        )
    ]


def turn_faults(config: TrainConfig, train: Samples) -> list[Fault]:
    """Refuse turns in the image plane after which labels would be unknown."""
    reason = config.target.augmentation_fault(train.label_names, config.turn_deg)
    if reason is None:
        return []
    way_out = "set turn_deg to 0, or train on a dataset with all labels (mirror works without them)"
    where = "pretext" if config.augmentation.turn_deg == 0 else "augmentation"
    return [Fault(f"{reason}: {way_out}", where)]


def label_faults(dataset: PreparedDataset, samples: Samples) -> list[Fault]:
    """Name the first row of each kind of broken label."""
    labels = () if samples.target is None else samples.target.labels
    lows, highs = [label.low for label in labels], [label.high for label in labels]
    broken = ~((samples.labels >= lows) & (samples.labels <= highs)).all(axis=1)  # NaN compares false
    if not broken.any():
        return []
    row = int(np.flatnonzero(broken)[0])
    return [
        Fault(
            f"{int(broken.sum())} labels are NaN or outside {_limits(labels)}, "
            f"the first is {samples.labels[row].tolist()} for {samples.files[row].name}",
            f"row {row}",
            str(dataset.folder / "labels.parquet"),
        )
    ]


def _limits(labels: Sequence[Label]) -> str:
    """Return the least and largest values of labels in words, each once: `-180 to 180 degrees`."""
    limits = (f"{label.low:g} to {label.high:g} {label.unit.name}" for label in labels)
    return ", ".join(dict.fromkeys(limits))
