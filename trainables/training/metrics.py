"""The measurements of an epoch: of its predictions, losses, pretext measures, speed and memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainables.target import Target
from trainables.target.metric import Metric
from trainables.training import metric_names as names

Values = npt.NDArray[np.floating]  # [N, L], in the target's units


@dataclass(frozen=True)
class Predictions:
    """Predicted and true labels [N, L], image by image."""

    predicted: Values
    true: Values
    target: Target
    entropy: npt.NDArray[np.float32] | None = None
    """How uncertain the network was of each image [N], in nats; None where its head does not say."""

    def measures(self) -> dict[str, float]:
        """Return the target's metrics over all images, by their names without a group."""
        return self.target.measures(self.predicted, self.true)

    def image_measures(self, group: str) -> dict[str, npt.NDArray[np.float64]]:
        """Return the value of each image [N], by the name in a group of the metric that is their mean.

        NaN stands for images that are no part of the metric.
        """
        return names.in_group(group, self.target.image_measures(self.predicted, self.true))


def mean_prediction(train: Values, true: Values, target: Target) -> Predictions:
    """Return what always predicting the mean of the training labels is: what a network must beat by far."""
    mean = train.astype(np.float64).mean(axis=0)
    return Predictions(np.broadcast_to(mean, true.shape), true, target)


@dataclass(frozen=True)
class TrainingReport:
    """Measurements of one epoch of training; every number is a plain float.

    `losses` are the means over the epoch's steps: `total` as it was minimised, the others before weighting.
    `pretext` are the measures of the branches, taken on the training batches while they were learned from,
    and their values by chance; `weights` what a weighting has learned to multiply losses by.
    """

    losses: Mapping[str, float]
    pretext: Mapping[str, float]
    weights: Mapping[str, float]
    learning_rate: float
    skipped_steps: int | None
    """Steps left out since their gradients overflowed; None where no loss is scaled."""
    train_s: float
    norms_s: float
    """Seconds of estimating BatchNorm's statistics of averaged weights; about 0 without an average."""
    images: int
    images_per_s: float
    data_wait_share: float
    peak_memory_mib: float

    def metrics(self) -> dict[str, float]:
        """Return every number by its name in `metric_names`."""
        named = {
            names.LOSS if part == "total" else names.loss(part): loss for part, loss in self.losses.items()
        }
        named[names.LEARNING_RATE] = self.learning_rate
        named |= {names.weight(part): weight for part, weight in self.weights.items()}
        named |= {names.pretext(measure): value for measure, value in self.pretext.items()}
        if self.skipped_steps is not None:
            named[names.SKIPPED_STEPS] = float(self.skipped_steps)
        named[names.IMAGES] = float(self.images)
        named[names.IMAGES_PER_S] = self.images_per_s
        named[names.DATA_WAIT_SHARE] = self.data_wait_share
        named[names.PEAK_MEMORY_MIB] = self.peak_memory_mib
        return named


@dataclass(frozen=True)
class EpochReport:
    """Measurements of one epoch of a supervised run: of its training, and of the predictions after it.

    `validation` are the target's metrics on unperturbed images, without a group. `best_value` is the `main`
    one after the best epoch so far; `loss` that on these images where it decides which epoch is the best.
    """

    epoch: int
    training: TrainingReport
    validation: Mapping[str, float]
    main: Metric
    best_value: float
    best_epoch: int
    epoch_s: float
    """Seconds of training and evaluation together."""
    loss: float | None = None

    def metrics(self) -> dict[str, float]:
        """Return every number by its name in `metric_names`."""
        named = names.in_group(names.VALIDATION, self.validation)
        named[self.main.best().within(names.VALIDATION).name] = self.best_value
        named[names.BEST_EPOCH] = float(self.best_epoch)
        if self.loss is not None:
            named[names.VALIDATION_LOSS] = self.loss
        return named | self.training.metrics() | {names.EPOCH_S: self.epoch_s}
