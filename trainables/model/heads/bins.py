"""HopeNet's head: each angle is classified into bins and read as the expectation over them [paper 4.2]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from trainables.base.schema import Config
from trainables.losses.kinds import AngleLoss
from trainables.target import Label
from trainables.target.head_pose_metrics import DEGREES

if TYPE_CHECKING:
    from trainables.model.heads.bins_head import BinsHead


class BinsConfig(Config):
    """Angles as the expectation over bins, as in HopeNet."""

    bin_deg: Literal[1, 3] = 3
    """Width of a bin in degrees: 3 gives 66 bins, 1 gives 198 [paper 4.2]."""
    overflow_bins: bool = False
    """Angles below -99 and from 99 on have a bin of their own at either end, 68 bins or 200 in all, instead
    of falling into the first and the last [paper 4.2: 66 or 68]."""
    decode: Literal["left_edge", "center"] = "left_edge"
    """Angle that a bin stands for: its left edge, as in HopeNet, or its center."""
    alpha: float = Field(2.0, ge=0.0, allow_inf_nan=False)
    """Weight of the regression loss beside the classification loss [paper, formula 2]."""
    reg_loss: AngleLoss = "rmse"
    """Error of an angle over a batch: `rmse` in degrees [paper, formula 2] or `mse` (HopeNet)."""

    def build(self, features: int, labels: Sequence[str]) -> BinsHead:
        """Make the head for features of this width and these angles."""
        from trainables.model.heads.bins_head import BinsHead

        return BinsHead(
            features,
            labels,
            bin_deg=self.bin_deg,
            overflow=self.overflow_bins,
            centers=self.decode == "center",
            alpha=self.alpha,
            reg_loss=self.reg_loss,
        )

    def incompatibility(self, labels: Sequence[Label]) -> str | None:
        """Return why labels other than angles cannot be learned: the bins are degrees."""
        others = [label.name for label in labels if label.unit != DEGREES]
        if not others:
            return None
        return f"bins are of degrees, and {' and '.join(others)} are not in degrees: take head: regression"
