"""Measures a network on a set of images: unperturbed images in, predictions beside true labels out."""

from __future__ import annotations

import numpy as np
import torch

from trainables.data.batches import BatchSource
from trainables.model.heads import CertainHead
from trainables.model.network import HeadPoseNetwork
from trainables.target import Target
from trainables.training.execution import Execution
from trainables.training.metrics import Predictions


class NonFinitePrediction(Exception):
    """A predicted value is infinite or not a number."""

    def __str__(self) -> str:
        return "a predicted value is not a finite number"


def predict(
    network: HeadPoseNetwork, source: BatchSource, target: Target, execution: Execution
) -> Predictions:
    """Return what a supervised network predicts, whose outputs are the labels of `target`.

    The network is left in evaluation mode. The source may have more labels than the network, or fewer: those
    that both have are kept. Raises `NonFinitePrediction`.
    """
    network.eval()
    predicted, true, entropies = [], [], []
    with torch.inference_mode(), execution.autocast():
        for batch in source.epoch(seed=0):
            raw = network(execution.place_images(batch.images)).pose_raw
            if isinstance(network.head, CertainHead):
                values, entropy = network.head.decode_with_entropy(raw)
                entropies.append(entropy)
            else:
                values = network.head.decode(raw)
            predicted.append(values)
            true.append(batch.labels)
    labels = torch.cat(predicted).cpu().numpy()
    if not np.isfinite(labels).all():
        raise NonFinitePrediction
    truth = torch.cat(true).cpu().numpy()
    common = min(labels.shape[1], truth.shape[1])
    return Predictions(
        labels[:, :common],
        truth[:, :common],
        target.on_first(common),
        torch.cat(entropies).cpu().numpy() if entropies else None,
    )
