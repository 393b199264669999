"""The module of the head `regression`: a linear layer."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from trainables.losses.kinds import AngleLoss
from trainables.losses.losses import angle_loss


class RegressionHead(nn.Module):
    """One linear output per label, in its unit; the loss is the RMSE (or MSE) of each label."""

    def __init__(self, features: int, labels: Sequence[str], *, reg_loss: AngleLoss = "rmse") -> None:
        super().__init__()
        self.loss_names = tuple(labels)
        self.reg_loss: AngleLoss = reg_loss
        self.linear = nn.Linear(features, len(self.loss_names))

    def forward(self, features: Tensor) -> Tensor:
        """Return the labels [B, L] of features [B, F]."""
        raw: Tensor = self.linear(features)
        return raw

    def losses(self, raw: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the error of each label over the batch, [] each."""
        return {
            name: angle_loss(raw[:, i], labels[:, i], self.reg_loss) for i, name in enumerate(self.loss_names)
        }

    def decode(self, raw: Tensor) -> Tensor:
        """Return the labels [B, L]: the outputs themselves."""
        return raw.float()
