"""A dense layer that gives each label in its unit [paper 4.1, 5.2, formulas 1 and 3]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.losses.kinds import AngleLoss
from trainables.target import Label

if TYPE_CHECKING:
    from trainables.model.heads.regression_head import RegressionHead


class RegressionConfig(Config):
    """Labels, such as angles, straight from a dense layer."""

    reg_loss: AngleLoss = "rmse"
    """Error of a label over a batch: `rmse` in its unit [paper, formulas 1 and 3], or `mse` in its square."""

    def build(self, features: int, labels: Sequence[str]) -> RegressionHead:
        """Make the head for features of this width and these labels."""
        from trainables.model.heads.regression_head import RegressionHead

        return RegressionHead(features, labels, reg_loss=self.reg_loss)

    def incompatibility(self, labels: Sequence[Label]) -> None:
        """Return None: any labels will do."""
