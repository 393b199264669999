"""The name of every metric that training and evaluation report.

A name is `GROUP/WHAT`; the journal, MLflow and the YAML key `search.objective` use it as it is. What a target
measures of predictions stands in the groups `validation` (after every epoch) and `test/NAME` (a test set,
measured after the search). Importing this module loads neither torch nor numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from trainables.target.metric import Metric, Unit
from trainables.target.target import TargetConfig

Value = TypeVar("Value")

VALIDATION = "validation"
TEST = "test"


def group_of_test(name: str) -> str:
    """Return the group of the errors on a test set."""
    return f"{TEST}/{name}"


def catalogue(target: TargetConfig, group: str) -> dict[str, Metric]:
    """Return what a target measures on a group of images, by its name there; the main one first."""
    found = (metric.within(group) for metric in target.metrics)
    return {metric.name: metric for metric in found}


def objectives(target: TargetConfig) -> dict[str, Metric]:
    """Return what a search may aim at, by name; the main metric first, then its best epoch."""
    main, *others = target.metrics
    found = (metric.within(VALIDATION) for metric in (main, main.best(), *others))
    return {metric.name: metric for metric in found}


def in_group(group: str, measured: Mapping[str, Value]) -> dict[str, Value]:
    """Return what was measured on a group of images by its names there."""
    return {f"{group}/{name}": value for name, value in measured.items()}


BEST_EPOCH = f"{VALIDATION}/best_epoch"
"""The epoch whose weights are kept so far: that of the best main metric, or with `keep: loss` that of the
least `validation/loss`, and `best_` is before what was measured after it."""

VALIDATION_LOSS = f"{VALIDATION}/loss"
"""With `keep: loss`, the head's losses and the helper's times `ssl_weight`, on unperturbed images."""

LOSS = "train/loss"
"""The loss that was minimised, the weighted sum for fixed weights; mean over the epoch's steps."""


def loss(part: str) -> str:
    """Loss of an angle, the whole pose or a pretext branch before weighting, mean over the epoch's steps."""
    return f"train/loss_{part}"


def weight(part: str) -> str:
    """What a weighting that learns multiplies a loss by, after the epoch."""
    return f"train/weight_{part}"


LEARNING_RATE = "train/learning_rate"

SKIPPED_STEPS = "train/skipped_steps"
"""Steps of the epoch that were left out since fp16 gradients overflowed."""


def pretext(measure: str) -> str:
    """What a pretext branch says of itself, on training images as they were learned: `NAME_accuracy` is the
    share of regions that it classified right, `NAME_chance` that of always naming the most frequent class;
    `NAME_spread` how far its embeddings are from being all the same: 1 in all directions alike, 0 where they
    have collapsed."""
    return f"pretext/{measure}"


IMAGES = "train/images"
"""Training images of the epoch, repetitions counted, perturbed copies not."""

IMAGES_PER_S = "speed/images_per_s"
"""Training images per second, evaluation not counted."""

DATA_WAIT_SHARE = "speed/data_wait_share"
"""Share of the training time spent waiting for the next batch."""

EPOCH_S = "speed/epoch_s"
"""Seconds of training and evaluation together."""

PEAK_MEMORY_MIB = "memory/peak_mib"
"""Largest memory so far: of the run on a GPU, of the process on a CPU."""

COST = "cost"

_MILLION = Unit("", "million", " million", 1e6)

PARAMETERS = Metric(f"{COST}/parameters", "parameters", _MILLION, column="parameters", noun="parameters")
"""Weights of the network as it is exported: of trunk and head, with a head for every label of the target."""

FLOPS = Metric(f"{COST}/flops", "FLOPs", _MILLION, column="FLOPs", noun="FLOPs")
"""Floating-point operations of the exported network per image, those of convolutions and matrix products: a
multiplication and an addition are two."""

LATENCY = Metric(
    f"{COST}/latency_ms", "latency", Unit("ms", "milliseconds", " ms"), column="latency", noun="latency"
)
"""Milliseconds that one thread computes for one image with the exported network, on ONNX Runtime on the CPU
of the machine that launches the search."""

COSTS = {metric.name: metric for metric in (LATENCY, PARAMETERS, FLOPS)}
"""What a network costs in use, by name. It follows from the design whatever is learned, so that all of it is
known before training."""
