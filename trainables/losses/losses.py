"""The loss of one angle and of one pretext branch, in fp32 whatever precision the network computes in."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from trainables.losses.kinds import AngleLoss, RegionReduction

RMSE_EPSILON = 1e-8  # degrees^2, inside the root: its gradient is finite where every error is zero


def angle_loss(predicted_deg: Tensor, true_deg: Tensor, kind: AngleLoss) -> Tensor:
    """Return the error [] of one angle over a batch [B]: `sqrt(mean(error^2))` in degrees, or its square."""
    mean_square = (predicted_deg.float() - true_deg.float()).square().mean()
    return mean_square if kind == "mse" else torch.sqrt(mean_square + RMSE_EPSILON)


def region_cross_entropy(logits: Tensor, labels: Tensor, reduction: RegionReduction) -> Tensor:
    """Return the cross-entropy [] of logits [B, R, C] and labels [B, R], the mean over the batch.

    The regions' heads are summed as in the paper (formulas 1 to 3), or averaged.
    """
    mean = F.cross_entropy(logits.float().flatten(0, 1), labels.flatten())
    return mean * labels.shape[1] if reduction == "sum" else mean
