"""The module of the head `fisher`: a linear layer, and the distribution that its nine outputs make."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainables.pose import matrix_fisher
from trainables.pose.rotations import matrix_from_pose, pose_from_matrix, upright_pose

POSE = "pose"
"""Name of its only loss."""


class FisherHead(nn.Module):
    """Nine linear outputs [B, 9], the rows of A in `p(R) = exp(tr(A^T R)) / c`.

    The loss is the mean of `w log c - tr(A^T R)` in nats, with w = `normaliser_weight`. All of it is computed
    in float64: log c and the trace are thousands where a pose is certain, and their difference is a few. The
    bias starts as the identity: a network that has learned nothing looks straight ahead.
    """

    signed = True  # the density of a pose that is known well is above 1

    def __init__(self, features: int, *, normaliser_weight: float) -> None:
        super().__init__()
        self.loss_names = (POSE,)
        self.normaliser_weight = normaliser_weight
        self.linear = nn.Linear(features, 9)
        with torch.no_grad():
            self.linear.bias.copy_(torch.eye(3).flatten())

    def forward(self, features: Tensor) -> Tensor:
        """Return the matrix [B, 9] of features [B, F]."""
        raw: Tensor = self.linear(features)
        return raw

    def losses(self, raw: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the mean loss [] of poses [B, 3] in degrees."""
        matrix, true = _matrix(raw), matrix_from_pose(labels.double())
        log_c = matrix_fisher.log_normaliser(matrix_fisher.concentrations(matrix)).to(raw.device)
        trace = (matrix * true).sum(dim=(-2, -1))
        return {POSE: (self.normaliser_weight * log_c - trace).mean().float()}

    def decode(self, raw: Tensor) -> Tensor:
        """Return the poses [B, 3] in degrees, the modes, of an upright head: |pitch| + |roll| <= 180."""
        return _pose(matrix_fisher.mode(_matrix(raw)))

    def decode_with_entropy(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Return the poses and their entropies [B] in nats.

        An entropy is 0 where nothing is known, and -9 where each axis is known to 3 degrees.
        """
        matrix = _matrix(raw)
        mode = matrix_fisher.mode(matrix)
        s = matrix_fisher.concentrations_at(matrix, mode)
        return _pose(mode), matrix_fisher.entropy(s).float()


def _pose(mode: Tensor) -> Tensor:
    return upright_pose(pose_from_matrix(mode.float()))


def _matrix(raw: Tensor) -> Tensor:
    return raw.double().view(-1, 3, 3)  # float64 is also what autocast leaves alone
