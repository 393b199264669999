"""Evaluates an exported network on a prepared dataset: its errors by angle and by band of yaw."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from hpsearch.results.csv_table import csv_table
from trainables.base.allowance import allowed_cores
from trainables.base.errors import InputError, nearest
from trainables.data.datasets import DatasetRef, open_dataset
from trainables.data.datasets.prepared import PreparedDataset
from trainables.data.loader import Loader
from trainables.exported import NetworkCard, read_network
from trainables.pose.angles import ANGLES
from trainables.training.evaluation import predict
from trainables.training.execution import Execution
from trainables.training.metric_names import angle_mae, geodesic, mae, yaw_band_mae
from trainables.training.metrics import YAW_BANDS_DEG

Format = Literal["table", "csv", "json"]

BATCH = 32
GROUP = "evaluation"
ALL = "all"
TEST = "test"


@dataclass(frozen=True)
class Evaluation:
    """The errors of a network on one split of a dataset, in degrees.

    `rows` are all images first, then those of each band of the true |yaw| that holds some: how many, the
    mean absolute error over all angles and of each, and the mean angle between the rotations, where there is
    a roll.
    """

    dataset: str
    split: str
    rows: tuple[Mapping[str, Any], ...]
    note: str
    """What is to be known of these images, empty where nothing is."""


def evaluate(model: Path, ref: DatasetRef, datasets: Path, split: str | None) -> Evaluation:
    """Predict every image of a split as training does its validation set, and compare.

    Raises `InputError` where the network or the dataset is not there, where the split is not, and where their
    angles do not mean the same.
    """
    network, card = read_network(model)
    dataset = open_dataset(ref, datasets)
    if dataset.card.convention != card.convention:
        raise InputError(
            f"the angles of {dataset.name!r} ({dataset.card.convention}) do not mean what the network means "
            f"by them ({card.convention}): an error between the two would measure the conventions"
        )
    split = split or _only_split(dataset)
    samples, device = dataset.samples(split), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    execution = Execution.of(device, "fp32")
    loader = Loader(
        samples,
        image_px=card.image_px,
        batch=BATCH,
        augmentation=None,
        shuffle=False,
        device=device,
        threads=allowed_cores(),
    )
    predicted = predict(execution.place_network(network.network), loader, card.angles, execution)
    errors = predicted.image_errors(GROUP)
    return Evaluation(dataset.name, split, tuple(_rows(errors)), _note(card, dataset, split))


def _only_split(dataset: PreparedDataset) -> str:
    splits = dataset.card.splits
    if TEST in splits or len(splits) == 1:
        return TEST if TEST in splits else next(iter(splits))
    raise InputError(f"dataset {dataset.name!r} has no split {TEST!r}: give --split{nearest('', splits)}")


def _rows(errors: Mapping[str, npt.NDArray[np.float64]]) -> Iterator[dict[str, Any]]:
    """Yield the means over all images [N], and over those of each band of yaw."""
    columns = {"mae_deg": mae(GROUP)} | {f"{angle}_mae_deg": angle_mae(GROUP, angle) for angle in ANGLES}
    columns["geodesic_deg"] = geodesic(GROUP)
    everything = np.ones(len(errors[mae(GROUP)]), dtype=bool)
    bands = {ALL: everything} | {
        f"|yaw| {_band(low, high)}": ~np.isnan(errors[yaw_band_mae(GROUP, band)])
        for band, (low, high) in YAW_BANDS_DEG.items()
        if yaw_band_mae(GROUP, band) in errors
    }
    for title, inside in bands.items():
        means = {key: float(errors[name][inside].mean()) for key, name in columns.items() if name in errors}
        yield {"images": title, "count": int(inside.sum()), **means}


def _band(low: float, high: float) -> str:
    return f"{low:g} to {high:g}" if np.isfinite(high) else f"above {low:g}"


def _note(card: NetworkCard, dataset: PreparedDataset, split: str) -> str:
    """Say where the network has learned from these images, as far as its card knows."""
    learned = str(card.provenance.get("datasets", {}).get("train", "")).partition(" @ ")[2]
    own = card.training.get("data", {}).get("train", {}).get("split")
    if learned != dataset.card.content_hash or own != split:
        return ""
    return "It was trained on these very images: its errors on others are larger."


def render(evaluation: Evaluation, form: Format) -> str:
    """Return an evaluation as text that ends with a newline."""
    match form:
        case "json":
            head = {"dataset": evaluation.dataset, "split": evaluation.split, "note": evaluation.note}
            return json.dumps(head | {"rows": list(evaluation.rows)}, indent=2) + "\n"
        case "csv":
            return csv_table(list(evaluation.rows))
        case "table":
            return _table(evaluation)


def _table(evaluation: Evaluation) -> str:
    titles = [key.removesuffix("_deg").removesuffix("_mae") for key in evaluation.rows[0]]
    cells = [titles] + [
        [f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()]
        for row in evaluation.rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    head = f"Mean absolute errors in degrees on {evaluation.dataset}, split {evaluation.split}:"
    return "\n".join([head, *lines, *filter(None, [evaluation.note])]) + "\n"
