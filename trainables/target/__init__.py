"""What a network learns for its own sake: labels, metrics, and what else follows from them. One row each."""

from trainables.base.table import Table
from trainables.target.head_pose import HeadPoseConfig
from trainables.target.target import Label, TargetConfig

__all__ = ["TARGETS", "HeadPoseConfig", "Label", "TargetConfig"]

TARGETS = Table[TargetConfig]("targets", {"head_pose": HeadPoseConfig})
