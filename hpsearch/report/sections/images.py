"""The part of the page with images: where the winner errs most, and what it usually does, labels drawn."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from hpsearch.study.records import TrialRecord
from trainables.base.errors import InputError
from trainables.data.datasets import open_dataset
from trainables.data.images import drawn, upright
from trainables.target import Mark
from trainables.target.metric import Metric
from trainables.training.image_errors import PredictedImages, errors_file, read_images
from trainables.training.metric_names import VALIDATION

WORST, TYPICAL = 8, 8
SIDE_PX = 104
QUALITY = 72
"""Of the JPEGs: about 4 KB for a pair of images."""


@dataclass(frozen=True)
class DrawnImage:
    """An image twice, side by side: with its true labels drawn and with the predicted ones."""

    uri: str
    """A `data:` address that holds the JPEG."""
    words: str
    error: str


@dataclass(frozen=True)
class ImagesSection:
    """Images of the validation set, by the winner as it was after `epoch`."""

    trial: int
    epoch: int
    legend: tuple[Mark, ...]
    by: str
    """The label that usual images are ordered by."""
    worst: tuple[DrawnImage, ...]
    typical: tuple[DrawnImage, ...]
    certainty: str
    """Whether the network errs less where it is surer, in a sentence; empty where it does not say."""
    width_px: int = 2 * SIDE_PX
    height_px: int = SIDE_PX


def images_section(best: TrialRecord | None, datasets_root: Path) -> ImagesSection | None:
    """Return the section; None where the target draws nothing, the winner kept no predictions, or its images
    are gone.

    Raises `InputError` where its file of predictions is damaged.
    """
    target = None if best is None else best.config.target
    if best is None or target is None or not target.legend:
        return None
    found = read_images(errors_file(best.folder, VALIDATION), target)
    main = target.metrics[0]
    known = {} if found is None else found.predictions.image_measures(VALIDATION)
    if found is None or main.within(VALIDATION).name not in known:
        return None
    try:
        folder = open_dataset(best.config.validation_dataset, datasets_root).folder
    except InputError:  # removed since: the page does without its images
        return None
    values = known[main.within(VALIDATION).name]
    order = np.argsort([main.cost(value) for value in values])
    middle = order[len(order) // 4 : len(order) - len(order) // 4]
    spread = middle[np.linspace(0, len(middle) - 1, min(TYPICAL, len(middle))).round().astype(int)]
    ordered = spread[np.argsort(found.predictions.true[spread, 0])]
    shown = [f"{main.shown(value, 1)}" for value in values]
    return ImagesSection(
        best.number,
        found.epoch,
        target.legend,
        target.labels[0].name,
        worst=tuple(_drawn(found, shown, folder, order[::-1][:WORST])),
        typical=tuple(_drawn(found, shown, folder, ordered)),
        certainty=_certainty(found, main, values),
    )


def _certainty(found: PredictedImages, main: Metric, values: npt.NDArray[np.float64]) -> str:
    entropy = found.predictions.entropy
    if entropy is None or len(entropy) < 2:
        return ""
    surer = entropy <= np.median(entropy)
    sure, rest = (main.shown(float(np.nanmean(values[half]))) for half in (surer, ~surer))
    return (
        f"Of the half that the network is surer of (least entropy) the {main.noun} is {sure}, of the rest "
        f"{rest}."
    )


def _drawn(
    found: PredictedImages, shown: Sequence[str], folder: Path, places: Sequence[int] | np.ndarray
) -> Iterator[DrawnImage]:
    """Yield images with their labels drawn; one that cannot be read any more is left out."""
    predictions = found.predictions
    target = predictions.target
    for place in places:
        try:
            image = upright(folder / found.files[place])
        except (OSError, ValueError):
            continue
        true, predicted = (
            list(map(float, rows[place])) for rows in (predictions.true, predictions.predicted)
        )
        pair = Image.new("RGB", (2 * SIDE_PX, SIDE_PX))
        for at, values in enumerate((true, predicted)):
            pair.paste(
                drawn(image, target, values).resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX),
                (at * SIDE_PX, 0),
            )
        said = ", ".join(
            f"{label.name} {label.shown(is_)} predicted {label.shown(was)}"
            for label, is_, was in zip(target.labels, true, predicted, strict=True)
        )
        yield DrawnImage(_uri(pair), f"{found.files[place]}: {said}", shown[place])


def _uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
