"""The target `head_pose` on images: errors of poses, poses of changed images, the head's axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainables.pose.axes import draw_axes
from trainables.pose.geometry import geodesic_deg, turned_in_image, wrapped_error_deg
from trainables.pose.geometry import mirrored as mirror
from trainables.target.aligned import Aligned
from trainables.target.constant_rotation import without_constant_rotation
from trainables.target.head_pose_metrics import (
    ANGLE_MAES,
    BAND_MAES,
    GEODESIC,
    MAE,
    WRAPPED_MAE,
    YAW_BANDS_DEG,
)
from trainables.target.metric import Metric
from trainables.target.target import Label

Poses = npt.NDArray[np.floating]  # [N, A], degrees
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PoseErrors:
    """Errors over a set of images, in degrees.

    `mae_deg` is the headline: the mean of the angles' mean absolute errors, not wrapped at 360;
    `wrapped_mae_deg` takes the shorter way round. `geodesic_deg` is the mean angle between the rotations, or
    None without roll. `band_mae_deg` is `mae_deg` over each band of the true |yaw| that holds an image.
    """

    mae_deg: float
    angle_mae_deg: dict[str, float]
    wrapped_mae_deg: float
    geodesic_deg: float | None
    band_mae_deg: dict[str, float]

    def by_metric(self) -> dict[str, float]:
        """Return the errors by the name of their metric."""
        found = {MAE: self.mae_deg, WRAPPED_MAE: self.wrapped_mae_deg}
        found |= {ANGLE_MAES[angle]: error for angle, error in self.angle_mae_deg.items()}
        found |= {BAND_MAES[band]: error for band, error in self.band_mae_deg.items()}
        if self.geodesic_deg is not None:
            found[GEODESIC] = self.geodesic_deg
        return {metric.name: error for metric, error in found.items()}


def pose_errors(predicted_deg: Poses, true_deg: Poses, angles: Sequence[str]) -> PoseErrors:
    """Compare poses [N, A] in degrees, N >= 1, whose columns are `angles`, the first of them yaw.

    Raises `ValueError` where the shapes differ.
    """
    if predicted_deg.shape != true_deg.shape or predicted_deg.shape[1:] != (len(angles),):
        raise ValueError(f"poses {predicted_deg.shape} and {true_deg.shape} for the angles {list(angles)}")
    predicted, true = predicted_deg.astype(np.float64), true_deg.astype(np.float64)
    error = np.abs(predicted - true)
    return PoseErrors(
        mae_deg=float(error.mean()),
        angle_mae_deg={angle: float(error[:, i].mean()) for i, angle in enumerate(angles)},
        wrapped_mae_deg=float(wrapped_error_deg(error).mean()),
        geodesic_deg=float(geodesic_deg(predicted, true).mean()) if len(angles) == 3 else None,
        band_mae_deg={band: float(error[inside].mean()) for band, inside in _bands(np.abs(true[:, 0]))},
    )


def _bands(yaw: Doubles) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield which images of true |yaw| [N] lie in each band that holds one."""
    for band, (low, high) in YAW_BANDS_DEG.items():
        inside = (yaw > low) & (yaw <= high) if low > 0 else yaw <= high
        if inside.any():
            yield band, inside


class HeadPose:
    """Poses [N, A] in degrees: yaw and pitch (A = 2), and roll where the images have one (A = 3)."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self.labels = tuple(labels)
        self._angles = tuple(label.name for label in labels)

    @property
    def main(self) -> Metric:
        """The mean absolute error over all angles."""
        return MAE

    def on_first(self, count: int) -> HeadPose:
        """Return the target on images without roll (count = 2)."""
        return HeadPose(self.labels[:count])

    def measures(self, predicted: Poses, true: Poses) -> dict[str, float]:
        """Return the errors in degrees."""
        return pose_errors(predicted, true, self._angles).by_metric()

    def image_measures(self, predicted: Poses, true: Poses) -> dict[str, Doubles]:
        """Return the errors of each image in degrees."""
        predicted, true = predicted.astype(np.float64), true.astype(np.float64)
        error = np.abs(predicted - true)
        means = error.mean(axis=1)
        found = {MAE: means, WRAPPED_MAE: wrapped_error_deg(error).mean(axis=1)}
        found |= {ANGLE_MAES[angle]: error[:, i] for i, angle in enumerate(self._angles)}
        for band, inside in _bands(np.abs(true[:, 0])):
            found[BAND_MAES[band]] = np.where(inside, means, np.nan)
        if len(self._angles) == 3:
            found[GEODESIC] = geodesic_deg(predicted, true)
        return {metric.name: errors for metric, errors in found.items()}

    def apart(self, one: Poses, other: Poses) -> Doubles:
        """Return the largest difference of an angle, or of the rotation where that is smaller.

        Near a yaw of 90 degrees pitch and roll of almost one rotation differ by any amount (gimbal lock).
        """
        largest: Doubles = np.abs(one.astype(np.float64) - other).max(axis=1)
        return np.minimum(largest, geodesic_deg(one, other)) if len(self._angles) == 3 else largest

    def aligned(self, predicted: Poses, true: Poses, half: npt.NDArray[np.bool_]) -> Aligned | None:
        """Return the poses without their constant rotation; None without roll."""
        return without_constant_rotation(predicted, true, half) if len(self._angles) == 3 else None

    def augmented(self, values: Poses, *, mirrored: npt.NDArray[np.bool_], turn_deg: Poses) -> Poses:
        """Return the poses in turned and mirrored images.

        Without roll images may be mirrored alone. Raises `ValueError` for turned images without roll.
        """
        pose, turned = values.copy(), turn_deg != 0
        if turned.any():
            if len(self._angles) < 3:
                raise ValueError("the pose of a turned image follows from yaw, pitch and roll together")
            pose[turned] = turned_in_image(pose[turned], turn_deg[turned])
        pose[mirrored] = mirror(pose[mirrored])  # after the turn, as the pipeline has it
        return pose

    def draw(self, image: Image.Image, values: Sequence[float]) -> None:
        """Draw the axes of a head; without roll upright."""
        draw_axes(image, [*values, 0.0][:3])
