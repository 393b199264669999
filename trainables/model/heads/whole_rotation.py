"""What heads that give whole rotations say of labels that make none."""

from __future__ import annotations

from collections.abc import Sequence

from trainables.pose.angles import ANGLES


def whole_rotation_fault(head: str, names: Sequence[str]) -> str:
    """Return why a head cannot learn labels of these names: the rule, the value and the way out."""
    others = "regression or bins" if {*names} <= {*ANGLES} else "regression"
    return (
        f"{head} needs yaw, pitch and roll, which make a rotation together, and the training set has "
        f"{' and '.join(names)} alone: take head: {others}, or train on a dataset with roll"
    )
