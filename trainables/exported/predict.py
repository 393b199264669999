"""Predicts the labels of images with an exported network, and draws them where its target does."""

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
from trainables.data.images import ImageLike, drawn, face_square, name_of, upright
from trainables.exported import ENTROPY, NetworkCard, PoseNetwork, read_network
from trainables.target import Label, TargetConfig

Format = Literal["table", "csv", "json"]
Values = npt.NDArray[np.float32]

BATCH = 32


class PoseModel:
    """An exported network, ready to predict.

    `labels` are the columns of its predictions, each with its unit, `angles` their names alone; `image_px` is
    the side of its input; `card` is its `config.yaml`, whose `convention` says what the labels mean, such as
    the signs of angles.
    """

    def __init__(self, network: PoseNetwork, card: NetworkCard, device: str = "cpu") -> None:
        self.card = card
        self.angles: tuple[str, ...] = card.angles
        self.labels = card.labels
        self.target = card.target.build(card.labels)
        self.image_px = card.image_px
        self._device = torch.device(device)
        self._network = network.to(self._device)

    def predict(self, images: ImageLike | Iterable[ImageLike]) -> Values:
        """Return the labels [B, L] of images of faces, in the order and the units of `labels`.

        `images` is uint8 [B, H, W, 3] or any series of arrays uint8 [H, W, 3], PIL images and paths; a single
        one is a batch of one. RGB, turned upright as EXIF says. An image is taken as a face crop: if it is
        not square, its middle square is used; of that, `card.evaluation_zoom` is cut off, and it is scaled to
        `image_px`. Raises `InputError` naming every
        image that cannot be read, and the first whose pose is no number.
        """
        return self.predict_all(images)[0]

    def entropies(self, images: ImageLike | Iterable[ImageLike]) -> Values | None:
        """Return how uncertain the network is of each image [B], in nats: 0 where it knows nothing, and lower
        where it is surer. None where its head does not say. Images and errors as in `predict`."""
        return self.predict_all(images)[1]

    def predict_all(self, images: ImageLike | Iterable[ImageLike]) -> tuple[Values, Values | None]:
        """Return what `predict` and `entropies` do, of one pass."""
        one = isinstance(images, str | os.PathLike | Image.Image)
        if isinstance(images, np.ndarray):
            one = images.ndim != 4
        series = iter([cast(ImageLike, images)] if one else cast(Iterable[ImageLike], images))
        faults: list[Fault] = []
        values, entropies = [np.empty((0, len(self.labels)), np.float32)], [np.empty(0, np.float32)]
        while batch := list(islice(series, BATCH)):
            squares = list(self._squares(batch, faults))
            if not faults:
                found, *entropy = self._outputs(np.stack(squares))
                _check_finite(found, batch)
                values.append(found)
                entropies.extend(entropy)
        if faults:
            raise InputError(faults)
        said = np.concatenate(entropies)
        return np.concatenate(values), said if len(entropies) > 1 else None

    def _squares(self, images: Iterable[ImageLike], faults: list[Fault]) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield the squares [H, W, 3] of images, and add a fault for each that cannot be read."""
        for image in images:
            try:
                yield np.asarray(face_square(upright(image), self.image_px, self.card.evaluation_zoom))
            except (OSError, SyntaxError, ValueError) as error:
                faults.append(Fault(str(error) or type(error).__name__, file=name_of(image)))

    @torch.inference_mode()
    def _outputs(self, squares: npt.NDArray[np.uint8]) -> list[Values]:
        images = torch.from_numpy(squares).to(self._device).permute(0, 3, 1, 2)
        return [output.cpu().numpy() for output in self._network.outputs(images)]


def _check_finite(values: Values, images: Sequence[ImageLike]) -> None:
    """Raise `InputError` naming the first image with a label that is NaN or infinite."""
    broken = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if broken.size:
        rule = "the network's output is not a number (NaN or infinite): export another trial"
        raise InputError(Fault(rule, file=name_of(images[int(broken[0])])))


def load(folder: str | os.PathLike[str], device: str = "cpu") -> PoseModel:
    """Load the network in an exported folder. Raises `InputError` where there is none, or it is damaged."""
    network, card = read_network(Path(folder))
    return PoseModel(network, card, device)


@dataclass(frozen=True)
class Prediction:
    """The labels of one file with their values, and the image that they are drawn on; None where none is.

    `entropy` is in nats, lower where the network is surer; None where its head does not say.
    """

    file: Path
    values: dict[Label, float]
    entropy: float | None
    drawn: Path | None


def predict_files(model: PoseModel, files: Sequence[Path], out: Path) -> list[Prediction]:
    """Predict the labels of each file; where the target draws them, write each image with them into `out`.

    Raises `InputError` naming every file that cannot be read, and where nothing can be written to `out`; then
    nothing is written.
    """
    found, said = model.predict_all(files)
    rows = [list(map(float, row)) for row in found]
    values = [dict(zip(model.labels, row, strict=True)) for row in rows]
    entropies = [None] * len(files) if said is None else list(map(float, said))
    if not model.card.target.legend:
        return [Prediction(*each, None) for each in zip(files, values, entropies, strict=True)]
    ensure_folder(out)
    predictions = []
    names = _names(files, model.card.target)
    for file, row, of, entropy, name in zip(files, rows, values, entropies, names, strict=True):
        drawn(upright(file), model.target, row).save(out / name)
        predictions.append(Prediction(file, of, entropy, out / name))
    return predictions


def render(predictions: Sequence[Prediction], form: Format) -> str:
    """Return predictions as text that ends with a newline."""
    rows = [
        {
            "file": str(prediction.file),
            **{label.column: value for label, value in prediction.values.items()},
            **({} if prediction.entropy is None else {ENTROPY: prediction.entropy}),
            # a name that scripts read: kept
            **({} if prediction.drawn is None else {"picture": str(prediction.drawn)}),
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
    labels = list(predictions[0].values) if predictions else []
    certain = bool(predictions) and predictions[0].entropy is not None
    heading = [f"{'entropy':>9}"] if certain else []
    lines = [" ".join([" " * wide, *(f"{label.name:>{_width(label)}}" for label in labels), *heading])]
    for prediction in predictions:
        values = (f"{label.shown(v, 1):>{_width(label)}}" for label, v in prediction.values.items())
        drawn_at = [] if prediction.drawn is None else [f" {prediction.drawn}"]
        entropy = [] if prediction.entropy is None else [f"{prediction.entropy:9.2f}"]
        lines.append(" ".join([f"{prediction.file!s:<{wide}}", *values, *entropy, *drawn_at]))
    return "\n".join(lines) + "\n"


def _width(label: Label) -> int:
    """Return the characters of a label's column: a number such as `+123.4` and its unit."""
    return max(7 + len(label.unit.sign), len(label.name))


def _names(files: Iterable[Path], target: TargetConfig) -> Iterator[str]:
    """Yield the name of each drawn image, such as `face_pose.png`; no two are equal.

    Behind the file's own name stands that of the target's output without its unit.
    """
    what = target.output.removesuffix(f"_{target.labels[0].unit.key}")
    times: dict[str, int] = {}
    for file in files:
        times[file.stem] = times.get(file.stem, 0) + 1
        number = f"_{times[file.stem]}" if times[file.stem] > 1 else ""
        yield f"{file.stem}_{what}{number}.png"
