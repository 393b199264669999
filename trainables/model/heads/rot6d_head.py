"""The module of the head `rot6d`: a linear layer, and the rotation that its six outputs make."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainables.pose.rotations import (
    geodesic_deg,
    matrix_from_6d,
    matrix_from_pose,
    pose_from_matrix,
    upright_pose,
)

POSE = "pose"
"""Name of its only loss."""


class Rot6dHead(nn.Module):
    """Six linear outputs [B, 6], the first two columns of a rotation before they are made orthonormal.

    The loss is the mean geodesic angle in degrees. The bias starts as the columns of the identity: a network
    that has learned nothing looks straight ahead, as with the other heads.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.loss_names = (POSE,)
        self.linear = nn.Linear(features, 6)
        with torch.no_grad():
            self.linear.bias.copy_(torch.eye(3)[:2].flatten())

    def forward(self, features: Tensor) -> Tensor:
        """Return the two vectors [B, 6] of features [B, F]."""
        raw: Tensor = self.linear(features)
        return raw

    def losses(self, raw: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the mean angle [] between the rotations and those of poses [B, 3], both in degrees."""
        return {POSE: geodesic_deg(matrix_from_6d(raw.float()), matrix_from_pose(labels.float())).mean()}

    def decode(self, raw: Tensor) -> Tensor:
        """Return the poses [B, 3] in degrees, of an upright head: |pitch| + |roll| <= 180."""
        return upright_pose(pose_from_matrix(matrix_from_6d(raw.float())))
