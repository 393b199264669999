"""The target `head_pose` on made-up poses, whose columns are the first of its angles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainables.pose.angles import ANGLES
from trainables.target import HeadPoseConfig, Target
from trainables.training.metrics import Predictions

Floats = npt.NDArray[np.floating]


def target(angles: Sequence[str] = ANGLES) -> Target:
    config = HeadPoseConfig()
    return config.build(config.labels[: len(angles)])


def predictions(predicted: Floats, true: Floats, angles: Sequence[str] = ANGLES) -> Predictions:
    return Predictions(predicted, true, target(angles))
