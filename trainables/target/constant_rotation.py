"""The constant rotation between poses and labels, fitted and taken away; see `pose/alignment.py`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainables.pose.alignment import ConstantRotation, best_rotation
from trainables.target.aligned import Aligned

Poses = npt.NDArray[np.floating]  # [N, 3], degrees

ROW = "constant rotation removed"


def without_constant_rotation(predicted: Poses, true: Poses, half: npt.NDArray[np.bool_]) -> Aligned:
    """Return poses [N, 3] without their constant rotation against the labels [N, 3], all in degrees.

    What is taken from one half [N] is fitted to the other. The rotation that is named is that of all.
    """
    turned = np.empty(predicted.shape, np.float64)
    for fitted, taken in ((half, ~half), (~half, half)):
        turned[taken] = best_rotation(predicted[fitted], true[fitted]).applied(predicted[taken])
    rotation = best_rotation(predicted, true)
    return Aligned(turned, "constant_rotation", ROW, _text(rotation), _record(rotation))


def _text(rotation: ConstantRotation) -> str:
    yaw, pitch, roll = rotation.pose_deg
    whose = "tilted camera" if rotation.side == "camera" else "neutral pose of the head"
    return (
        f"The constant rotation from predictions to labels is {rotation.angle_deg:.1f}° (yaw "
        f"{yaw:+.1f}, pitch {pitch:+.1f}, roll {roll:+.1f}), like another {whose}. The row `{ROW}` "
        "has the errors without it, fitted on other people than it is taken from."
    )


def _record(rotation: ConstantRotation) -> dict[str, str | float]:
    yaw, pitch, roll = map(float, rotation.pose_deg)
    return {
        "side": rotation.side,
        "angle_deg": rotation.angle_deg,
        "yaw_deg": yaw,
        "pitch_deg": pitch,
        "roll_deg": roll,
    }
