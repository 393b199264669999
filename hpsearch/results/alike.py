"""Whether a network gives the same answer for every image: then it has learned nothing of them."""

from __future__ import annotations

import numpy as np

from trainables.training.metrics import Predictions

SAME = 0.05
"""Spread of the predictions over that of the labels, up to which a network answers every image alike."""


def answers_alike(found: Predictions) -> bool:
    """Say whether the predictions of images with different labels hardly differ."""
    spread, range_of_labels = (
        values.astype(np.float64).std(axis=0) for values in (found.predicted, found.true)
    )
    return bool(len(found.true) > 1 and range_of_labels.any() and (spread <= SAME * range_of_labels).all())
