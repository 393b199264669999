"""The error of an arm over the true value of a label, from what its runs kept of each image."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hpsearch.results.arms import Arm
from trainables.training.image_errors import errors_file, read_images

LEAST_IMAGES = 5
"""A band with fewer images says nothing."""


@dataclass(frozen=True)
class Band:
    """The mean of the main metric over the images whose true label lies in a band around `middle`.

    It is over all seeds; both are in their units.
    """

    middle: float
    value: float
    images: int


def by_band(arm: Arm, group: str) -> tuple[Band, ...]:
    """Return the bands of a group of images, such as `validation`.

    None where the target has no bands or its main metric is no mean over images, and where no run kept its
    predictions. Raises `InputError` where a run's file is damaged.
    """
    target = arm.config.target
    kept = [read_images(errors_file(trial.folder, group), target) for trial in arm.finished.values()]
    found = [images.predictions for images in kept if images is not None]
    main = target.metrics[0].within(group).name
    if target.bands is None or not found or main not in found[0].image_measures(group):
        return ()
    place, width = [label.name for label in target.labels].index(target.bands.label), target.bands.width
    true = np.concatenate([one.true[:, place] for one in found])
    values = np.concatenate([one.image_measures(group)[main] for one in found])
    inside = np.isfinite(values)
    places = np.floor(true[inside] / width).astype(int)
    bands = []
    for number in np.unique(places):
        of_band = values[inside][places == number]
        images = math.ceil(len(of_band) / len(found))
        if images >= LEAST_IMAGES:
            bands.append(Band(float((number + 0.5) * width), float(of_band.mean()), images))
    return tuple(bands)
