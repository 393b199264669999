"""Evaluates an exported network on a prepared dataset: its errors by label and by group of images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from hpsearch.results.across import aligned, crop_difference, oddities
from trainables.base.allowance import allowed_cores
from trainables.base.errors import InputError, nearest
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.datasets import DatasetRef, open_dataset
from trainables.data.datasets.prepared import CARD as DATASET_CARD
from trainables.data.datasets.prepared import PreparedDataset
from trainables.data.datasets.protocols import Rows, parts_of, whole_split
from trainables.data.loader import Loader
from trainables.data.normalization import Normalization
from trainables.exported import NetworkCard, read_network
from trainables.target import TargetConfig
from trainables.target.aligned import Aligned
from trainables.target.metric import Metric
from trainables.training.execution import Execution
from trainables.training.measuring import predict
from trainables.training.metric_names import catalogue
from trainables.training.metrics import Predictions

BATCH = 32
GROUP = "evaluation"
ALL = "all"
TEST = "test"
SURER = "surer half"
"""The row of the images of least entropy, where the network says how certain it is."""


@dataclass(frozen=True)
class Evaluation:
    """The errors of a network on one split of a dataset.

    `rows` are all images first, then those without a constant difference, each group that the target has
    metrics of, and each part that published results are of: how many, and the metrics that tables have a
    column for.
    """

    dataset: str
    split: str
    rows: tuple[Mapping[str, Any], ...]
    metrics: tuple[Metric, ...]
    """The target's, some of which are columns."""
    note: str
    """What is to be known of these images, empty where nothing is."""
    aligned: Aligned | None
    """Without what predictions and labels differ by in all images alike; None where the target knows none."""
    remarks: tuple[str, ...]
    """What the error is of and made of, a sentence or two each."""


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
        normalization=Normalization(card.mean, card.std),
    )
    predicted = predict(
        execution.place_network(network.network), loader, card.target.build(card.labels), execution
    )
    without = aligned(predicted, samples.subjects)
    return Evaluation(
        dataset=dataset.name,
        split=split,
        rows=tuple(_rows(predicted, without, card.target, dict(parts_of(dataset, split)))),
        metrics=card.target.metrics,
        note=_note(card, dataset, split),
        aligned=without,
        remarks=tuple(_remarks(card, dataset, predicted, without)),
    )


def _only_split(dataset: PreparedDataset) -> str:
    """Return the split `test`, the only one, or the one that all images are in."""
    splits = dataset.card.splits
    found = TEST if TEST in splits else whole_split(dataset)
    if found is None:
        raise InputError(f"dataset {dataset.name!r} has no split {TEST!r}: give --split{nearest('', splits)}")
    return found


def _rows(
    predicted: Predictions, without: Aligned | None, target: TargetConfig, parts: Mapping[str, Rows]
) -> Iterator[dict[str, Any]]:
    """Yield the means over all images [N], and over those of each group and part."""
    found = _by_metric(predicted, target)
    everything = np.ones(len(predicted.true), dtype=bool)
    yield _row(ALL, found, everything)
    if without is not None:
        rest = Predictions(without.predicted, predicted.true, predicted.target)
        yield _row(without.row, _by_metric(rest, target), everything)
    groups = {metric.images: ~np.isnan(values) for metric, values in found.items() if metric.images}
    if predicted.entropy is not None:
        groups[SURER] = predicted.entropy <= np.median(predicted.entropy)
    for title, inside in (groups | dict(parts)).items():
        yield _row(title, found, inside)


def _by_metric(predicted: Predictions, target: TargetConfig) -> dict[Metric, npt.NDArray[np.float64]]:
    errors = predicted.image_measures(GROUP)
    return {metric: errors[name] for name, metric in catalogue(target, GROUP).items() if name in errors}


def _row(title: str, found: Mapping[Metric, npt.NDArray[np.float64]], inside: Rows) -> dict[str, Any]:
    means = {metric.leaf: float(values[inside].mean()) for metric, values in found.items() if metric.column}
    return {"images": title, "count": int(inside.sum()), **means}


def _remarks(
    card: NetworkCard, dataset: PreparedDataset, predicted: Predictions, without: Aligned | None
) -> Iterator[str]:
    """Yield what the error is of, and what it is made of."""
    if "study" in card.provenance:
        trial, study, epoch = (card.provenance.get(key) for key in ("trial", "study", "epoch"))
        yield f"The network: trial {trial} of {study}, with the weights after epoch {epoch}."
    yield f"The labels: {dataset.card.source}. An error is measured against them, whatever made them."
    yield from oddities(predicted)
    if without is not None:
        yield without.text
    trained = dataset.folder.parent / _learned(card)[0]
    if (trained / DATASET_CARD).is_file() and (said := crop_difference(PreparedDataset(trained), dataset)):
        yield said


def _learned(card: NetworkCard) -> tuple[str, str]:
    """Return name and content hash of the dataset that a network was trained on; empty where unknown."""
    name, _, content = str(card.provenance.get("datasets", {}).get("train", "")).partition(" @ ")
    return name, content


def _note(card: NetworkCard, dataset: PreparedDataset, split: str) -> str:
    """Say where the network has learned from these images, as far as its card knows."""
    own = card.training.get("data", {}).get("train", {}).get("split")
    if _learned(card)[1] != dataset.card.content_hash or own != split:
        return ""
    return "It was trained on these very images: its errors on others are larger."
