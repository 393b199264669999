"""The module of the head `bins`: a linear classifier, and the expectation over its bins.

Convention. Bins of 3 or 1 degrees cover [-99, 99); bin i begins at `-99 + i * bin_deg`, and labels outside
fall into the first and the last bin. HopeNet decodes bins at their left edges. With overflow bins there is
one more bin of the same width at either end, which labels outside fall into: bin i begins one width lower.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.kinds import AngleLoss
from trainables.losses.losses import angle_loss

LIMIT_DEG = 99


class BinsHead(nn.Module):
    """A classifier over bins for each angle; raw outputs are logits [B, A, bins].

    `overflow` adds a bin at either end for angles out of range. `centers` decodes bins at their centres
    instead of their left edges. An angle's loss is `CE(bin) + alpha * RMSE(expectation)` in degrees [paper,
    formula 2].
    """

    def __init__(
        self,
        features: int,
        angles: Sequence[str],
        *,
        bin_deg: int = 3,
        overflow: bool = False,
        centers: bool = False,
        alpha: float = 2.0,
        reg_loss: AngleLoss = "rmse",
    ) -> None:
        super().__init__()
        self.angles = self.loss_names = tuple(angles)
        self.alpha = alpha
        self.reg_loss: AngleLoss = reg_loss
        beyond = 1 if overflow else 0  # bins at either end
        self.bins = 2 * LIMIT_DEG // bin_deg + 2 * beyond
        edges = (torch.arange(self.bins, dtype=torch.float32) - beyond) * bin_deg - LIMIT_DEG
        shift = bin_deg / 2 if centers else 0.0
        self.linear = nn.Linear(features, len(self.angles) * self.bins)
        self.register_buffer("edges_deg", edges, persistent=False)
        self.register_buffer("values_deg", edges + shift, persistent=False)
        self.edges_deg: Tensor
        self.values_deg: Tensor

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits [B, A, bins] of features [B, F]."""
        logits: Tensor = self.linear(features)
        return logits.view(-1, len(self.angles), self.bins)

    def labels(self, pose_deg: Tensor) -> Tensor:
        """Return the bins, int64, of angles in degrees, those beyond all bins in the nearest."""
        bins = torch.bucketize(pose_deg.float().contiguous(), self.edges_deg, right=True) - 1
        return bins.clamp(0, self.bins - 1)

    def losses(self, raw: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return classification and regression loss of each angle together, [] each."""
        bins, decoded = self.labels(labels), self.decode(raw)
        return {
            angle: F.cross_entropy(raw[:, i].float(), bins[:, i])
            + self.alpha * angle_loss(decoded[:, i], labels[:, i], self.reg_loss)
            for i, angle in enumerate(self.angles)
        }

    def decode(self, raw: Tensor) -> Tensor:
        """Return the poses [B, A] in degrees: the expectations over the bins."""
        with torch.autocast(raw.device.type, enabled=False):  # fp16 would round by up to 0.05 degrees
            return raw.float().softmax(dim=-1) @ self.values_deg
