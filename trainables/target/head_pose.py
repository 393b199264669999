"""Head pose: yaw, pitch and, where a dataset has it, roll; in degrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.pose.angles import ANGLES, AXES, AXIS_COLOURS, CONVENTION
from trainables.target.head_pose_metrics import ANGLE_MAES, BAND_MAES, DEGREES, GEODESIC, MAE, WRAPPED_MAE
from trainables.target.metric import Metric
from trainables.target.target import Bands, Label, Mark

if TYPE_CHECKING:
    from trainables.target.head_pose_target import HeadPose

LIMIT_DEG = 180.0
"""No head turns further."""


class HeadPoseConfig(Config):
    """Yaw, pitch and roll of a head, in degrees."""

    @property
    def title(self) -> str:
        """What it is."""
        return "Head pose"

    @property
    def mean_name(self) -> str:
        """The mean of the angles, one by one."""
        return "the mean pose"

    @property
    def labels(self) -> tuple[Label, ...]:
        """Yaw, pitch and roll."""
        return tuple(Label(angle, DEGREES, -LIMIT_DEG, LIMIT_DEG, angle == "roll") for angle in ANGLES)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Errors over all angles, of each, of the rotation, and in bands of yaw."""
        return (MAE, WRAPPED_MAE, *ANGLE_MAES.values(), GEODESIC, *BAND_MAES.values())

    @property
    def convention(self) -> str:
        """The signs of the angles."""
        return CONVENTION

    @property
    def output(self) -> str:
        """Poses in degrees."""
        return "pose_deg"

    @property
    def bands(self) -> Bands:
        """Bands of 15 degrees of yaw."""
        return Bands("yaw", 15.0)

    @property
    def legend(self) -> tuple[Mark, ...]:
        """The head's three axes."""
        return tuple(Mark(name, colour) for name, colour in zip(AXES, AXIS_COLOURS, strict=True))

    def augmentation_fault(self, labels: Sequence[str], turn_deg: float) -> str | None:
        """Say that a turn needs the roll: the new yaw and pitch follow from it too."""
        if turn_deg == 0 or "roll" in labels:
            return None
        return (
            f"turn_deg {turn_deg:g} needs the roll of every face, and there is {' and '.join(labels)} alone"
        )

    def build(self, labels: Sequence[Label]) -> HeadPose:
        """Return the target on images with or without roll."""
        from trainables.target.head_pose_target import HeadPose

        return HeadPose(labels)
