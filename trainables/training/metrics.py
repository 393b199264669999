"""The measurements of an epoch: errors in degrees, losses, pretext accuracies, speed and memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainables.pose.geometry import geodesic_deg, wrapped_error_deg
from trainables.target import head_pose
from trainables.training import metric_names as names

Poses = npt.NDArray[np.floating]  # [N, A], degrees


@dataclass(frozen=True)
class PoseErrors:
    """Errors over a set of images, in degrees.

    `mae_deg` is the headline: the mean of the angles' mean absolute errors, not wrapped at 360;
    `wrapped_mae_deg` takes the shorter way round. `geodesic_deg` is the mean angle between the rotations, or
    None without roll. `band_mae_deg` is `mae_deg` over each band of the true |yaw| that holds an image.
    """

    images: int
    mae_deg: float
    angle_mae_deg: dict[str, float]
    wrapped_mae_deg: float
    geodesic_deg: float | None
    band_mae_deg: dict[str, float]

    def metrics(self, group: str) -> dict[str, float]:
        """Return the errors by name, in a group such as `names.VALIDATION`."""
        found = {head_pose.MAE: self.mae_deg, head_pose.WRAPPED_MAE: self.wrapped_mae_deg}
        found |= {head_pose.ANGLE_MAES[angle]: error for angle, error in self.angle_mae_deg.items()}
        found |= {head_pose.BAND_MAES[band]: error for band, error in self.band_mae_deg.items()}
        if self.geodesic_deg is not None:
            found[head_pose.GEODESIC] = self.geodesic_deg
        return {metric.within(group).name: error for metric, error in found.items()}


def pose_errors(predicted_deg: Poses, true_deg: Poses, angles: Sequence[str]) -> PoseErrors:
    """Compare poses [N, A] in degrees, N >= 1, whose columns are `angles`, the first of them yaw.

    Raises `ValueError` where the shapes differ.
    """
    if predicted_deg.shape != true_deg.shape or predicted_deg.shape[1:] != (len(angles),):
        raise ValueError(f"poses {predicted_deg.shape} and {true_deg.shape} for the angles {list(angles)}")
    predicted, true = predicted_deg.astype(np.float64), true_deg.astype(np.float64)
    error = np.abs(predicted - true)
    return PoseErrors(
        images=len(error),
        mae_deg=float(error.mean()),
        angle_mae_deg={angle: float(error[:, i].mean()) for i, angle in enumerate(angles)},
        wrapped_mae_deg=float(wrapped_error_deg(error).mean()),
        geodesic_deg=float(geodesic_deg(predicted, true).mean()) if len(angles) == 3 else None,
        band_mae_deg=dict(_by_band(error, np.abs(true[:, 0]))),
    )


def _by_band(error: npt.NDArray[np.float64], yaw: npt.NDArray[np.float64]) -> Iterator[tuple[str, float]]:
    for band, inside in _bands(yaw):
        yield band, float(error[inside].mean())


def _bands(yaw: npt.NDArray[np.float64]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield which images of true |yaw| [N] lie in each band that holds one."""
    for band, (low, high) in head_pose.YAW_BANDS_DEG.items():
        inside = (yaw > low) & (yaw <= high) if low > 0 else yaw <= high
        if inside.any():
            yield band, inside


@dataclass(frozen=True)
class Predictions:
    """Predicted and true poses [N, A] in degrees, image by image; `angles` names the columns, yaw first."""

    predicted_deg: Poses
    true_deg: Poses
    angles: tuple[str, ...]

    def errors(self) -> PoseErrors:
        """Return the errors over all images."""
        return pose_errors(self.predicted_deg, self.true_deg, self.angles)

    def image_errors(self, group: str) -> dict[str, npt.NDArray[np.float64]]:
        """Return the error of each image [N] in degrees, by the name of the metric that is their mean.

        NaN stands for images that are no part of the metric, those out of a band of yaw.
        """
        predicted, true = self.predicted_deg.astype(np.float64), self.true_deg.astype(np.float64)
        error = np.abs(predicted - true)
        means, yaw = error.mean(axis=1), np.abs(true[:, 0])
        found = {head_pose.MAE: means, head_pose.WRAPPED_MAE: wrapped_error_deg(error).mean(axis=1)}
        found |= {head_pose.ANGLE_MAES[angle]: error[:, i] for i, angle in enumerate(self.angles)}
        for band, inside in _bands(yaw):
            found[head_pose.BAND_MAES[band]] = np.where(inside, means, np.nan)
        if len(self.angles) == 3:
            found[head_pose.GEODESIC] = geodesic_deg(predicted, true)
        return {metric.within(group).name: errors for metric, errors in found.items()}


def mean_baseline(train_deg: Poses, true_deg: Poses, angles: Sequence[str]) -> PoseErrors:
    """Return the errors of always predicting the mean training pose: what a network must beat by far."""
    mean = train_deg.astype(np.float64).mean(axis=0)
    return pose_errors(np.broadcast_to(mean, true_deg.shape), true_deg, angles)


@dataclass(frozen=True)
class PretextScore:
    """Accuracy of a branch over all its regions, beside that of always naming the most frequent class."""

    accuracy: float
    chance: float


@dataclass(frozen=True)
class TrainingReport:
    """Measurements of one epoch of training; every number is a plain float.

    `losses` are the means over the epoch's steps: `total` as it was minimised, the others before weighting.
    `pretext` was measured on the training batches while they were learned from.
    """

    losses: Mapping[str, float]
    pretext: Mapping[str, PretextScore]
    learning_rate: float
    train_s: float
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
        for branch, score in self.pretext.items():
            named[names.pretext_accuracy(branch)] = score.accuracy
            named[names.pretext_chance(branch)] = score.chance
        named[names.IMAGES] = float(self.images)
        named[names.IMAGES_PER_S] = self.images_per_s
        named[names.DATA_WAIT_SHARE] = self.data_wait_share
        named[names.PEAK_MEMORY_MIB] = self.peak_memory_mib
        return named


@dataclass(frozen=True)
class EpochReport:
    """Measurements of one epoch of a supervised run: of its training, and the errors after it.

    `validation` was measured on unperturbed images; `best_mae_deg` and `best_epoch` are those of the best
    epoch so far.
    """

    epoch: int
    training: TrainingReport
    validation: PoseErrors
    best_mae_deg: float
    best_epoch: int
    epoch_s: float
    """Seconds of training and evaluation together."""

    def metrics(self) -> dict[str, float]:
        """Return every number by its name in `metric_names`."""
        named = self.validation.metrics(names.VALIDATION)
        named[head_pose.MAE.best().within(names.VALIDATION).name] = self.best_mae_deg
        named[names.BEST_EPOCH] = float(self.best_epoch)
        return named | self.training.metrics() | {names.EPOCH_S: self.epoch_s}
