"""An exported network at work: pictures of faces in, degrees out, and the pictures with the head's axes."""

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
from trainables.data.images import Picture, face_square, name_of, upright, with_axes
from trainables.exported import NetworkCard, PoseNetwork, read_network
from trainables.pose.angles import ANGLES

Format = Literal["table", "csv", "json"]
Poses = npt.NDArray[np.float32]

BATCH = 32


class PoseModel:
    """An exported network, ready to predict.

    `angles` names the columns of what it predicts; `image_px` is the size it sees; `card` says where it comes
    from. Signs: yaw > 0 turns the nose to the image's left, pitch > 0 up, roll > 0 clockwise.
    """

    def __init__(self, network: PoseNetwork, card: NetworkCard, device: str = "cpu") -> None:
        self.card = card
        self.angles: tuple[str, ...] = card.angles
        self.image_px = card.image_px
        self._device = torch.device(device)
        self._network = network.to(self._device)

    def predict(self, images: Picture | Iterable[Picture]) -> Poses:
        """Return the poses [B, A] in degrees of pictures of faces, `A` as in `angles`.

        `images` is uint8 [B, H, W, 3] or any series of arrays uint8 [H, W, 3], PIL images and paths; one
        alone is a batch of one. RGB, turned upright as EXIF says. A picture is taken as a face crop: of one
        that is not square the middle square is used, and it is scaled to `image_px`. Raises `InputError` that
        names every picture that cannot be read.
        """
        one = isinstance(images, str | os.PathLike | Image.Image)
        if isinstance(images, np.ndarray):
            one = images.ndim != 4
        series = iter([cast(Picture, images)] if one else cast(Iterable[Picture], images))
        faults: list[Fault] = []
        poses = [np.empty((0, len(self.angles)), np.float32)]
        while pictures := list(islice(series, BATCH)):
            squares = list(self._squares(pictures, faults))
            if not faults:
                poses.append(self._poses(np.stack(squares)))
        if faults:
            raise InputError(faults)
        return np.concatenate(poses)

    def _squares(self, pictures: Iterable[Picture], faults: list[Fault]) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield the squares [H, W, 3] of pictures, and note the faults of those that have none."""
        for picture in pictures:
            try:
                yield np.asarray(face_square(upright(picture), self.image_px))
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                faults.append(Fault(str(error) or type(error).__name__, file=name_of(picture)))

    @torch.inference_mode()
    def _poses(self, squares: npt.NDArray[np.uint8]) -> Poses:
        images = torch.from_numpy(squares).to(self._device).permute(0, 3, 1, 2)
        poses: Poses = self._network(images).cpu().numpy()
        return poses


def load(folder: str | os.PathLike[str], device: str = "cpu") -> PoseModel:
    """Load the network in an exported folder. Raises `InputError` where there is none, or it is damaged."""
    network, card = read_network(Path(folder))
    return PoseModel(network, card, device)


@dataclass(frozen=True)
class Prediction:
    """The pose of one file, by angle in degrees, and the picture with its axes."""

    file: Path
    pose_deg: dict[str, float]
    picture: Path


def predict_files(model: PoseModel, files: Sequence[Path], out: Path) -> list[Prediction]:
    """Predict the pose of each file, and write each picture with its axes into `out`.

    Raises `InputError` naming every file that cannot be read, and where nothing can be written to `out`; then
    nothing is written.
    """
    poses = model.predict(files)
    ensure_folder(out)
    predictions = []
    for file, pose, picture in zip(files, poses, _names(files), strict=True):
        pose_deg = dict(zip(model.angles, map(float, pose), strict=True))
        with_axes(upright(file), [pose_deg.get(angle, 0.0) for angle in ANGLES]).save(out / picture)
        predictions.append(Prediction(file, pose_deg, out / picture))
    return predictions


def render(predictions: Sequence[Prediction], form: Format) -> str:
    """Return predictions as text that ends with a newline."""
    rows = [
        {
            "file": str(prediction.file),
            **{f"{angle}_deg": value for angle, value in prediction.pose_deg.items()},
            "picture": str(prediction.picture),
        }
        for prediction in predictions
    ]
    match form:
        case "json":
            return json.dumps(rows, indent=2) + "\n"
        case "csv":
            text = io.StringIO()
            writer = csv.DictWriter(text, list(rows[0]) if rows else ["file"], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            return text.getvalue()
        case "table":
            return _table(predictions)


def _table(predictions: Sequence[Prediction]) -> str:
    wide = max((len(str(prediction.file)) for prediction in predictions), default=0)
    angles = list(predictions[0].pose_deg) if predictions else []
    lines = [" ".join([" " * wide, *(f"{angle:>8}" for angle in angles)])]
    for prediction in predictions:
        values = (f"{value:>+7.1f}°" for value in prediction.pose_deg.values())
        lines.append(" ".join([f"{prediction.file!s:<{wide}}", *values, f" {prediction.picture}"]))
    return "\n".join(lines) + "\n"


def _names(files: Iterable[Path]) -> Iterator[str]:
    """Yield a name of its own for each file's picture, never that of a file: `face_pose.png`."""
    times: dict[str, int] = {}
    for file in files:
        times[file.stem] = times.get(file.stem, 0) + 1
        number = f"_{times[file.stem]}" if times[file.stem] > 1 else ""
        yield f"{file.stem}_pose{number}.png"
