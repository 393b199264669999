"""A dense layer that gives each angle in degrees [paper 4.1, 5.2, formulas 1 and 3]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.losses.kinds import AngleLoss

if TYPE_CHECKING:
    from trainables.model.heads.regression_head import RegressionHead


class RegressionConfig(Config):
    """Angles straight from a dense layer."""

    reg_loss: AngleLoss = "rmse"
    """Error of an angle over a batch: `rmse` in degrees [paper, formulas 1 and 3] or `mse` in degrees^2."""

    def build(self, features: int, angles: Sequence[str]) -> RegressionHead:
        """Make the head for features of this width and these angles."""
        from trainables.model.heads.regression_head import RegressionHead

        return RegressionHead(features, angles, reg_loss=self.reg_loss)

    def incompatibility(self, angles: Sequence[str]) -> None:
        """Return None: any angles will do."""
