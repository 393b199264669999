"""A target whose errors are degrees as those of head pose: where an eye looks."""

from __future__ import annotations

from trainables.target.head_pose import HeadPoseConfig
from trainables.target.target import Label


class GazeConfig(HeadPoseConfig):
    """Yaw and pitch of a gaze, in degrees, measured as those of a head."""

    @property
    def title(self) -> str:
        return "Gaze"

    @property
    def mean_name(self) -> str:
        return "the mean gaze"

    @property
    def labels(self) -> tuple[Label, ...]:
        return super().labels[:2]
