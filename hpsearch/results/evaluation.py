"""Evaluates an exported network on a prepared dataset: its errors by label and by group of images."""

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
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.datasets import DatasetRef, open_dataset
from trainables.data.datasets.prepared import PreparedDataset
from trainables.data.loader import Loader
from trainables.exported import NetworkCard, read_network
from trainables.target import TargetConfig
from trainables.target.metric import Metric
from trainables.training.execution import Execution
from trainables.training.measuring import predict
from trainables.training.metric_names import catalogue

Format = Literal["table", "csv", "json"]

BATCH = 32
GROUP = "evaluation"
ALL = "all"
TEST = "test"


@dataclass(frozen=True)
class Evaluation:
    """The errors of a network on one split of a dataset.

    `rows` are all images first, then each group that the target has metrics of: how many, and the metrics
    that tables have a column for.
    """

    dataset: str
    split: str
    rows: tuple[Mapping[str, Any], ...]
    metrics: tuple[Metric, ...]
    """The target's, some of which are columns."""
    note: str
    """What is to be known of these images, empty where nothing is."""


def evaluate(model: Path, ref: DatasetRef, datasets: Path, split: str | None) -> Evaluation:
    """Predict every image of a split as training does its validation set, and compare.

    Raises `InputError` where the network or the dataset is not there, where the split is not, and where their
    labels do not mean the same.
    """
    network, card = read_network(model)
    dataset = open_dataset(ref, datasets)
    if dataset.card.convention != card.convention:
        raise InputError(
            f"the labels of {dataset.name!r} ({dataset.card.convention}) do not mean what the network means "
            f"by them ({card.convention}): an error between the two would measure the conventions"
        )
    split = split or _only_split(dataset)
    samples, device = (
        dataset.samples(split, target=card.target),
        torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )
    execution = Execution.of(device, "fp32")
    loader = Loader(
        samples,
        image_px=card.image_px,
        batch=BATCH,
        augmentation=AugmentationPlan.zoomed(card.evaluation_zoom),
        shuffle=False,
        device=device,
        threads=allowed_cores(),
    )
    predicted = predict(
        execution.place_network(network.network), loader, card.target.build(card.labels), execution
    )
    rows = tuple(_rows(predicted.image_measures(GROUP), card.target))
    return Evaluation(dataset.name, split, rows, card.target.metrics, _note(card, dataset, split))


def _only_split(dataset: PreparedDataset) -> str:
    splits = dataset.card.splits
    if TEST in splits or len(splits) == 1:
        return TEST if TEST in splits else next(iter(splits))
    raise InputError(f"dataset {dataset.name!r} has no split {TEST!r}: give --split{nearest('', splits)}")


def _rows(errors: Mapping[str, npt.NDArray[np.float64]], target: TargetConfig) -> Iterator[dict[str, Any]]:
    """Yield the means over all images [N], and over those of each group."""
    known = catalogue(target, GROUP)
    found = {metric: errors[name] for name, metric in known.items() if name in errors}
    everything = np.ones(len(next(iter(errors.values()))), dtype=bool)
    groups = {ALL: everything} | {
        metric.images: ~np.isnan(values) for metric, values in found.items() if metric.images
    }
    for title, inside in groups.items():
        means = {m.leaf: float(values[inside].mean()) for m, values in found.items() if m.column}
        yield {"images": title, "count": int(inside.sum()), **means}


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
    columns = {metric.name: metric for metric in evaluation.metrics if metric.name in evaluation.rows[0]}
    titles = [columns[key].column if key in columns else key for key in evaluation.rows[0]]
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
    units = ", ".join(dict.fromkeys(metric.unit.name for metric in columns.values() if metric.unit.name))
    head = f"Means{f' in {units}' if units else ''} on {evaluation.dataset}, split {evaluation.split}:"
    return "\n".join([head, *lines, *filter(None, [evaluation.note])]) + "\n"
