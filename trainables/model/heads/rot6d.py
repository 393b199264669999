"""A dense layer whose six numbers make a rotation matrix, as in 6DRepNet [Hempel 2022]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainables.base.errors import Fault, InputError
from trainables.base.schema import Config
from trainables.model.heads.whole_rotation import whole_rotation_fault
from trainables.pose.angles import ANGLES
from trainables.target import Label

if TYPE_CHECKING:
    from trainables.model.heads.rot6d_head import Rot6dHead


class Rot6dConfig(Config):
    """A rotation from six numbers, as in 6DRepNet (not in the paper).

    Its one loss is the mean geodesic error, the angle between the two rotations in degrees, in place of one
    loss per angle. At equal errors it is about half the sum of three RMSEs, so the same `ssl_weight` counts
    nearly twice as much beside it. The training set must have all three angles.
    """

    def build(self, features: int, labels: Sequence[str]) -> Rot6dHead:
        """Make the head for features of this width. Raises `InputError` without all three angles."""
        from trainables.model.heads.rot6d_head import Rot6dHead

        if tuple(labels) != ANGLES:
            raise InputError(Fault(whole_rotation_fault("rot6d", labels), "head"))
        return Rot6dHead(features)

    def incompatibility(self, labels: Sequence[Label]) -> str | None:
        """Return why a dataset without all three angles cannot be learned from, or None."""
        names = [label.name for label in labels]
        return None if tuple(names) == ANGLES else whole_rotation_fault("rot6d", names)
