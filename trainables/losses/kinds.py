"""The forms that the losses come in, as the settings name them."""

from __future__ import annotations

from typing import Literal

AngleLoss = Literal["rmse", "mse"]
"""Error of one angle over a batch: `sqrt(mean(error^2))` in degrees, or `mean(error^2)` in degrees^2."""

RegionReduction = Literal["sum", "mean"]
"""How the cross-entropies of a branch's regions become one loss."""
