"""The module of the head `regression`: a linear layer."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from trainables.losses.kinds import AngleLoss
from trainables.losses.losses import angle_loss


class RegressionHead(nn.Module):
    """One linear output per angle, in degrees; the loss is the RMSE (or MSE) of each angle."""

    def __init__(self, features: int, angles: Sequence[str], *, reg_loss: AngleLoss = "rmse") -> None:
        super().__init__()
        self.angles = self.loss_names = tuple(angles)
        self.reg_loss: AngleLoss = reg_loss
        self.linear = nn.Linear(features, len(self.angles))

    def forward(self, features: Tensor) -> Tensor:
        """Return the angles [B, A] of features [B, F]."""
        raw: Tensor = self.linear(features)
        return raw

    def losses(self, raw: Tensor, pose_deg: Tensor) -> dict[str, Tensor]:
        """Return the error of each angle over the batch, [] each."""
        return {
            angle: angle_loss(raw[:, i], pose_deg[:, i], self.reg_loss) for i, angle in enumerate(self.angles)
        }

    def decode(self, raw: Tensor) -> Tensor:
        """Return the poses [B, A] in degrees: the outputs themselves."""
        return raw.float()
