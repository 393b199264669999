"""The part of the page with images: where the winner errs most, and what it usually does, axes drawn."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hpsearch.study.records import TrialRecord
from trainables.base.errors import InputError
from trainables.data.datasets import open_dataset
from trainables.data.images import upright, with_axes
from trainables.pose.angles import ANGLES
from trainables.target.head_pose import MAE
from trainables.training.image_errors import PredictedImages, errors_file, read_images
from trainables.training.metric_names import VALIDATION

WORST, TYPICAL = 8, 8
SIDE_PX = 104
QUALITY = 72
"""Of the JPEGs: about 4 KB for a pair of images."""


@dataclass(frozen=True)
class DrawnImage:
    """An image twice, side by side: with its true axes and with the predicted ones."""

    uri: str
    """A `data:` address that holds the JPEG."""
    words: str
    error: str


@dataclass(frozen=True)
class ImagesSection:
    """Images of the validation set, by the winner as it was after `epoch`."""

    trial: int
    epoch: int
    worst: tuple[DrawnImage, ...]
    typical: tuple[DrawnImage, ...]
    width_px: int = 2 * SIDE_PX
    height_px: int = SIDE_PX


def images_section(best: TrialRecord | None, datasets_root: Path) -> ImagesSection | None:
    """Return the section; None where the winner kept no predictions, or its images are gone.

    Raises `InputError` where its file of predictions is damaged.
    """
    found = None if best is None else read_images(errors_file(best.folder, VALIDATION))
    if best is None or found is None:
        return None
    try:
        folder = open_dataset(best.config.validation_dataset, datasets_root).folder
    except InputError:  # removed since: the page does without its images
        return None
    errors = found.predictions.image_errors(VALIDATION)[MAE.within(VALIDATION).name]
    order = np.argsort(errors)
    middle = order[len(order) // 4 : len(order) - len(order) // 4]
    spread = middle[np.linspace(0, len(middle) - 1, min(TYPICAL, len(middle))).round().astype(int)]
    by_yaw = spread[np.argsort(found.predictions.true_deg[spread, 0])]
    worst = tuple(_drawn(found, errors, folder, order[::-1][:WORST]))
    return ImagesSection(best.number, found.epoch, worst, tuple(_drawn(found, errors, folder, by_yaw)))


def _drawn(
    found: PredictedImages, errors: np.ndarray, folder: Path, places: Sequence[int] | np.ndarray
) -> Iterator[DrawnImage]:
    """Yield images with their axes; one that cannot be read any more is left out."""
    poses = found.predictions
    for place in places:
        try:
            image = upright(folder / found.files[place])
        except (OSError, ValueError):
            continue
        true, predicted = (
            dict(zip(poses.angles, row[place], strict=True)) for row in (poses.true_deg, poses.predicted_deg)
        )
        pair = Image.new("RGB", (2 * SIDE_PX, SIDE_PX))
        for at, pose in enumerate((true, predicted)):
            drawn = with_axes(image, [float(pose.get(angle, 0.0)) for angle in ANGLES])
            pair.paste(drawn.resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX), (at * SIDE_PX, 0))
        said = ", ".join(
            f"{angle} {true[angle]:+.0f}° predicted {predicted[angle]:+.0f}°" for angle in poses.angles
        )
        yield DrawnImage(_uri(pair), f"{found.files[place]}: {said}", f"{errors[place]:.1f}°")


def _uri(image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
