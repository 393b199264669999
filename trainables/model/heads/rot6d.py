"""A dense layer whose six numbers make a rotation matrix, as in 6DRepNet [Hempel 2022]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainables.base.errors import Fault, InputError
from trainables.base.schema import Config
from trainables.pose.angles import ANGLES

if TYPE_CHECKING:
    from trainables.model.heads.rot6d_head import Rot6dHead


class Rot6dConfig(Config):
    """A rotation from six numbers, as in 6DRepNet (not in the paper).

    Its one loss is the mean geodesic error, the angle between the two rotations in degrees, in place of one
    loss per angle. At equal errors it is about half the sum of three RMSEs, so the same `ssl_weight` counts
    nearly twice as much beside it. The training set must have all three angles.
    """

    def build(self, features: int, angles: Sequence[str]) -> Rot6dHead:
        """Make the head for features of this width. Raises `InputError` without all three angles."""
        from trainables.model.heads.rot6d_head import Rot6dHead

        if reason := self.incompatibility(angles):
            raise InputError(Fault(reason, "head"))
        return Rot6dHead(features)

    def incompatibility(self, angles: Sequence[str]) -> str | None:
        """Return why a dataset with these angles alone cannot be learned from, or None."""
        if tuple(angles) == ANGLES:
            return None
        return (
            f"rot6d needs yaw, pitch and roll, which make a rotation together, and the training set has "
            f"{' and '.join(angles)} alone: take head: regression or bins, or train on a dataset with roll"
        )
