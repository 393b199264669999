"""Measures a network on a set of images: unperturbed images in, poses and their errors in degrees out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from trainables.data.batches import BatchSource
from trainables.model.network import HeadPoseNetwork
from trainables.training.execution import Execution
from trainables.training.metrics import Predictions


class NonFinitePrediction(Exception):
    """A predicted angle is infinite or not a number."""

    def __str__(self) -> str:
        return "a predicted angle is not a finite number"


def predict(
    network: HeadPoseNetwork, source: BatchSource, angles: Sequence[str], execution: Execution
) -> Predictions:
    """Return the poses by a supervised network whose outputs are `angles`; it is left in evaluation mode.

    The source may have more angles than the network, or fewer: those that both have are kept. Raises
    `NonFinitePrediction`.
    """
    network.eval()
    predicted, true = [], []
    with torch.inference_mode(), execution.autocast():
        for batch in source.epoch(seed=0):
            predicted.append(network.head.decode(network(execution.place_images(batch.images)).pose_raw))
            true.append(batch.pose_deg)
    poses = torch.cat(predicted).cpu().numpy()
    if not np.isfinite(poses).all():
        raise NonFinitePrediction
    truth = torch.cat(true).cpu().numpy()
    common = tuple(angles[: truth.shape[1]])
    return Predictions(poses[:, : len(common)], truth[:, : len(common)], common)
