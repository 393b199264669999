"""What an error on another dataset is made of: a constant rotation, signs, crops; and what it is of.

Part of such an error is no fault of the network: a tilted camera, another neutral pose, another sign. It is
shown beside the error as it is, never instead of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpsearch.results.alike import answers_alike
from trainables.data.datasets.prepared import PreparedDataset
from trainables.pose.alignment import ConstantRotation, best_rotation
from trainables.pose.angles import ANGLES
from trainables.training.metrics import Predictions

LEAST_IMAGES = 20
"""With fewer, three numbers that are fitted to them say nothing."""

OPPOSITE = -0.5
"""Correlation of predictions and labels, below which an angle's sign is the other way round."""

CROPS = ("box", "margin_k", "square", "head_mm", "detector")
"""Options of an import that change how large a face is in its crop."""


@dataclass(frozen=True)
class Aligned:
    """Predictions without their constant rotation against the labels.

    The rotation is fitted to one half of the people and taken from the other half, and the other way round,
    so that what is left is not too small; `rotation` is that of all.
    """

    rotation: ConstantRotation
    predictions: Predictions

    @property
    def text(self) -> str:
        """The rotation in words."""
        yaw, pitch, roll = self.rotation.pose_deg
        whose = "tilted camera" if self.rotation.side == "camera" else "neutral pose of the head"
        return (
            f"The constant rotation from predictions to labels is {self.rotation.angle_deg:.1f}° (yaw "
            f"{yaw:+.1f}, pitch {pitch:+.1f}, roll {roll:+.1f}), like another {whose}. The row `constant "
            "rotation removed` has the errors without it, fitted on other people than it is taken from."
        )


def aligned(found: Predictions, subjects: Sequence[str]) -> Aligned | None:
    """Return predictions without their constant rotation; None where they are no poses, or too few."""
    if [label.name for label in found.target.labels] != [*ANGLES] or len(found.true) < LEAST_IMAGES:
        return None
    first = _half(subjects)
    turned = np.empty(found.predicted.shape, np.float64)
    for fitted, taken in ((first, ~first), (~first, first)):
        rotation = best_rotation(found.predicted[fitted], found.true[fitted])
        turned[taken] = rotation.applied(found.predicted[taken])
    return Aligned(best_rotation(found.predicted, found.true), Predictions(turned, found.true, found.target))


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
        "size in its crop swings all angles."
    )


def _crops(dataset: PreparedDataset) -> str:
    details = dataset.card.details
    known = {**details.get("options", {}), **details}
    said = [f"{key} {known[key]}" for key in CROPS if known.get(key) is not None]
    return ", ".join([str(details.get("importer", "rendered")), *said])
