"""The metrics of the target `head_pose`, in degrees; each is what its docstring says."""

from __future__ import annotations

from collections.abc import Iterator

from trainables.pose.angles import ANGLES
from trainables.target.metric import Metric, Unit

DEGREES = Unit("deg", "degrees", "°")

YAW_BANDS_DEG = {"0_30": (0.0, 30.0), "30_60": (30.0, 60.0), "60_up": (60.0, float("inf"))}
"""Bands of the true |yaw|, each without its lower and with its upper end (the first with both)."""

MAE = Metric("mae_deg", "MAE", DEGREES, column="mae")
"""Mean over the angles of the mean absolute errors, not wrapped at 360."""

WRAPPED_MAE = Metric("wrapped_mae_deg", "wrapped MAE", DEGREES)
"""The same, with errors that take the shorter way round the circle."""

GEODESIC = Metric("geodesic_deg", "geodesic error", DEGREES, column="geodesic")
"""Mean angle between predicted and true rotation; only where the dataset has roll."""

ANGLE_MAES = {
    angle: Metric(f"{angle}_mae_deg", f"{angle} MAE", DEGREES, label=angle, column=angle) for angle in ANGLES
}
"""Mean absolute error of each angle."""


def _band_maes() -> Iterator[tuple[str, Metric]]:
    for band, (low, high) in YAW_BANDS_DEG.items():
        images = f"|yaw| {low:g} to {high:g}" if high < float("inf") else f"|yaw| above {low:g}"
        yield band, Metric(f"mae_deg_yaw_{band}", f"MAE at {images}", DEGREES, images=images)


BAND_MAES = dict(_band_maes())
"""`MAE` over the images whose true |yaw| lies in each band."""
