"""What an error on another dataset is made of: a constant difference, signs, crops.

Part of such an error is no fault of the network: another convention of the labels, which the target knows of,
another sign. It is shown beside the error as it is, never instead of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from hpsearch.results.alike import answers_alike
from trainables.data.datasets.prepared import PreparedDataset
from trainables.target.aligned import Aligned
from trainables.training.metrics import Predictions

LEAST_IMAGES = 20
"""With fewer, a few numbers that are fitted to them say nothing."""

OPPOSITE = -0.5
"""Correlation of predictions and labels, below which a label's sign is the other way round."""

CROPS = ("box", "margin_k", "square", "head_mm", "detector")
"""Options of an import that change how large a face is in its crop."""


def aligned(found: Predictions, subjects: Sequence[str]) -> Aligned | None:
    """Return predictions without a constant difference; None where the target knows none, or of too few."""
    if len(found.true) < LEAST_IMAGES:
        return None
    return found.target.aligned(found.predicted, found.true, _half(subjects))


def _half(subjects: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return which images [N] are of one half of the people; of one person, the first half of the images."""
    people = {subject: place for place, subject in enumerate(sorted(set(subjects)))}
    if len(people) == 1:
        return np.arange(len(subjects)) < len(subjects) // 2
    return np.array([people[subject] % 2 == 0 for subject in subjects])


def oddities(found: Predictions) -> Iterator[str]:
    """Yield what is odd about predictions: signs, and one answer for all images."""
    if answers_alike(found):
        yield "The network gives nearly the same answer for every image: it has learned nothing of these."
        return
    predicted, true = found.predicted.astype(np.float64), found.true.astype(np.float64)
    spread, range_of_labels = predicted.std(axis=0), true.std(axis=0)
    for place, label in enumerate(found.target.labels):
        if len(true) < LEAST_IMAGES or not spread[place] or not range_of_labels[place] or label.low >= 0:
            continue
        if np.corrcoef(predicted[:, place], true[:, place])[0, 1] < OPPOSITE:
            yield (
                f"The sign of {label.name} looks the other way round in these labels: compare `hpsearch data "
                f"show` of both datasets, and import with --negate {label.name}."
            )


def crop_difference(trained: PreparedDataset, evaluated: PreparedDataset) -> str:
    """Return how the faces of two datasets were cropped differently; empty where they were not."""
    one, other = (_crops(dataset) for dataset in (trained, evaluated))
    if one == other or trained.folder == evaluated.folder:
        return ""
    return (
        f"The faces are cropped differently: {one} where it was trained, {other} here. A face of another "
        "size in its crop swings all predictions."
    )


def _crops(dataset: PreparedDataset) -> str:
    details = dataset.card.details
    known = {**details.get("options", {}), **details}
    said = [f"{key} {known[key]}" for key in CROPS if known.get(key) is not None]
    return ", ".join([str(details.get("importer", "rendered")), *said])
