"""What a network learns for its own sake: labels, metrics, and what else follows from them. One row each."""

from trainables.base.table import Table
from trainables.target.head_pose import HeadPoseConfig
from trainables.target.target import Label, Mark, Target, TargetConfig

__all__ = ["TARGETS", "HeadPoseConfig", "Label", "Mark", "Target", "TargetConfig", "known_labels"]

TARGETS = Table[TargetConfig]("targets", {"head_pose": HeadPoseConfig})


def known_labels() -> tuple[Label, ...]:
    """Return the labels of all targets."""
    return tuple(dict.fromkeys(label for row in TARGETS.values() for label in row().labels))
