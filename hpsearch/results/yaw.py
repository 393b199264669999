"""The error of an arm over the true yaw, from what its runs kept of each image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hpsearch.results.arms import Arm
from trainables.target.head_pose import MAE
from trainables.training.image_errors import errors_file, read_images

BAND_DEG = 15.0
LEAST_IMAGES = 5
"""A band with fewer images says nothing."""


@dataclass(frozen=True)
class YawBand:
    """The mean error over the images whose true yaw lies in a band around `yaw_deg`, and over all seeds."""

    yaw_deg: float
    error_deg: float
    images: int


def error_by_yaw(arm: Arm, group: str) -> tuple[YawBand, ...]:
    """Return the bands of a group of images, such as `validation`; none where no run kept its predictions.

    Raises `InputError` where a run's file is damaged.
    """
    kept = [read_images(errors_file(trial.folder, group)) for trial in arm.finished.values()]
    found = [images.predictions for images in kept if images is not None]
    if not found:
        return ()
    yaw = np.concatenate([poses.true_deg[:, 0] for poses in found])
    errors = np.concatenate([poses.image_errors(group)[MAE.within(group).name] for poses in found])
    inside = np.isfinite(errors)
    places = np.floor(yaw[inside] / BAND_DEG).astype(int)
    bands = []
    for place in np.unique(places):
        of_band = errors[inside][places == place]
        images = math.ceil(len(of_band) / len(found))
        if images >= LEAST_IMAGES:
            bands.append(YawBand(float((place + 0.5) * BAND_DEG), float(of_band.mean()), images))
    return tuple(bands)
