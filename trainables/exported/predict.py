"""Predicts head poses with an exported network, and draws the axes of each pose on its image."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from trainables.base.disk import ensure_folder
from trainables.base.errors import Fault, InputError
from trainables.base.plain_text import csv_cell
from trainables.data.images import ImageLike, face_square, name_of, upright, with_axes
from trainables.exported import NetworkCard, PoseNetwork, read_network
from trainables.pose.angles import ANGLES

Format = Literal["table", "csv", "json"]
Poses = npt.NDArray[np.float32]

BATCH = 32


class PoseModel:
    """An exported network, ready to predict.

    `angles` names the columns of its predictions; `image_px` is the side of its input; `card` is its
    `config.yaml`. Signs: yaw > 0 turns the nose to the image's left, pitch > 0 up, roll > 0 clockwise.
    """

    def __init__(self, network: PoseNetwork, card: NetworkCard, device: str = "cpu") -> None:
        self.card = card
        self.angles: tuple[str, ...] = card.angles
        self.image_px = card.image_px
        self._device = torch.device(device)
        self._network = network.to(self._device)

    def predict(self, images: ImageLike | Iterable[ImageLike]) -> Poses:
        """Return the poses [B, A] in degrees of images of faces, `A` as in `angles`.

        `images` is uint8 [B, H, W, 3] or any series of arrays uint8 [H, W, 3], PIL images and paths; a single
        one is a batch of one. RGB, turned upright as EXIF says. An image is taken as a face crop: if it is
        not square, its middle square is used; it is scaled to `image_px`. Raises `InputError` naming every
        image that cannot be read, and the first whose pose is no number.
        """
        one = isinstance(images, str | os.PathLike | Image.Image)
        if isinstance(images, np.ndarray):
            one = images.ndim != 4
        series = iter([cast(ImageLike, images)] if one else cast(Iterable[ImageLike], images))
        faults: list[Fault] = []
        poses = [np.empty((0, len(self.angles)), np.float32)]
        while batch := list(islice(series, BATCH)):
            squares = list(self._squares(batch, faults))
            if not faults:
                poses.append(self._poses(np.stack(squares)))
                _check_finite(poses[-1], batch)
        if faults:
            raise InputError(faults)
        return np.concatenate(poses)

    def _squares(self, images: Iterable[ImageLike], faults: list[Fault]) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield the squares [H, W, 3] of images, and add a fault for each that cannot be read."""
        for image in images:
            try:
                yield np.asarray(face_square(upright(image), self.image_px))
            except (OSError, SyntaxError, ValueError) as error:
                faults.append(Fault(str(error) or type(error).__name__, file=name_of(image)))

    @torch.inference_mode()
    def _poses(self, squares: npt.NDArray[np.uint8]) -> Poses:
        images = torch.from_numpy(squares).to(self._device).permute(0, 3, 1, 2)
        poses: Poses = self._network(images).cpu().numpy()
        return poses


def _check_finite(poses: Poses, images: Sequence[ImageLike]) -> None:
    """Raise `InputError` naming the first image whose pose is NaN or infinite."""
    broken = np.flatnonzero(~np.isfinite(poses).all(axis=1))
    if broken.size:
        rule = "the network's answer is no number (NaN or infinite): export another trial"
        raise InputError(Fault(rule, file=name_of(images[int(broken[0])])))


def load(folder: str | os.PathLike[str], device: str = "cpu") -> PoseModel:
    """Load the network in an exported folder. Raises `InputError` where there is none, or it is damaged."""
    network, card = read_network(Path(folder))
    return PoseModel(network, card, device)


@dataclass(frozen=True)
class Prediction:
    """The pose of one file, by angle in degrees, and the image with its axes drawn."""

    file: Path
    pose_deg: dict[str, float]
    drawn: Path


def predict_files(model: PoseModel, files: Sequence[Path], out: Path) -> list[Prediction]:
    """Predict the pose of each file, and write each image with its axes drawn into `out`.

    Raises `InputError` naming every file that cannot be read, and where nothing can be written to `out`; then
    nothing is written.
    """
    poses = model.predict(files)
    ensure_folder(out)
    predictions = []
    for file, pose, name in zip(files, poses, _names(files), strict=True):
        pose_deg = dict(zip(model.angles, map(float, pose), strict=True))
        with_axes(upright(file), [pose_deg.get(angle, 0.0) for angle in ANGLES]).save(out / name)
        predictions.append(Prediction(file, pose_deg, out / name))
    return predictions


def render(predictions: Sequence[Prediction], form: Format) -> str:
    """Return predictions as text that ends with a newline."""
    rows = [
        {
            "file": str(prediction.file),
            **{f"{angle}_deg": value for angle, value in prediction.pose_deg.items()},
            "picture": str(prediction.drawn),  # a name that scripts read: kept
        }
        for prediction in predictions
    ]
    match form:
        case "json":
            return json.dumps(rows, indent=2) + "\n"
        case "csv":
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(rows[0] if rows else ["file"])
            writer.writerows(map(csv_cell, row.values()) for row in rows)
            return text.getvalue()
        case "table":
            return _table(predictions)


def _table(predictions: Sequence[Prediction]) -> str:
    wide = max((len(str(prediction.file)) for prediction in predictions), default=0)
    angles = list(predictions[0].pose_deg) if predictions else []
    lines = [" ".join([" " * wide, *(f"{angle:>8}" for angle in angles)])]
    for prediction in predictions:
        values = (f"{value:>+7.1f}°" for value in prediction.pose_deg.values())
        lines.append(" ".join([f"{prediction.file!s:<{wide}}", *values, f" {prediction.drawn}"]))
    return "\n".join(lines) + "\n"


def _names(files: Iterable[Path]) -> Iterator[str]:
    """Yield the name of each file's image with axes, such as `face_pose.png`; no two are equal."""
    times: dict[str, int] = {}
    for file in files:
        times[file.stem] = times.get(file.stem, 0) + 1
        number = f"_{times[file.stem]}" if times[file.stem] > 1 else ""
        yield f"{file.stem}_pose{number}.png"
