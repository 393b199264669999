"""The label of an augmented image: a mirrored or turned face has another pose."""

from __future__ import annotations

from trainables.data.augmentation.plan import Parameters
from trainables.pose.geometry import Floats, mirrored, turned_in_image


def augmented_pose(pose_deg: Floats, rows: Parameters) -> Floats:
    """Return the poses [B, A] in degrees of images after the changes of parameters [B], in the same type.

    The angles are yaw, pitch and roll; without roll (A = 2) images may be mirrored, and without labels
    (A = 0) turned too. An image that is neither keeps its pose to the bit. Raises `ValueError` for turned
    images without roll.
    """
    pose, angles = pose_deg.copy(), pose_deg.shape[1]
    turned, flipped = rows["turn_deg"] != 0, rows["mirrored"] != 0
    if angles and turned.any():
        if angles < 3:
            raise ValueError("the pose of a turned image follows from yaw, pitch and roll together")
        pose[turned] = turned_in_image(pose[turned], rows["turn_deg"][turned])
    pose[flipped] = mirrored(pose[flipped])  # after the turn, as the pipeline has it
    return pose
