"""The one rotation by which two sets of poses of the same images differ: two datasets' conventions.

Another neutral pose of the head, or a camera that is tilted, changes every matrix `R` of a pose (see
`geometry.py`) in the same way: a camera turns it from the right, `R Q`, and the head's own axes from the
left, `Q R`. The best `Q` in the sense of least squares is the polar factor of a sum of 3 x 3 matrices
[Kabsch 1976]; large single errors weigh less in repeated solutions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from trainables.pose.geometry import geodesic_deg, matrix_from_pose, pose_from_matrix
from trainables.pose.representations import upright_pose

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
Side = Literal["camera", "head"]

ROUNDS = 10
LEAST_DEG = 1.0
"""Errors below it weigh the same."""


@dataclass(frozen=True)
class ConstantRotation:
    """A rotation [3, 3] that turns poses into those of another convention, of the camera or of the head."""

    matrix: Doubles
    side: Side

    @property
    def pose_deg(self) -> Doubles:
        """The rotation as yaw, pitch and roll [3] in degrees."""
        return pose_from_matrix(self.matrix)

    @property
    def angle_deg(self) -> float:
        """How far it turns, degrees."""
        return float(geodesic_deg(self.pose_deg, np.zeros(3)))

    def applied(self, pose_deg: Floats) -> Doubles:
        """Return poses [N, 3] in degrees, turned."""
        turned = matrix_from_pose(pose_deg)
        turned = turned @ self.matrix if self.side == "camera" else self.matrix @ turned
        return upright_pose(pose_from_matrix(turned))


def best_rotation(predicted_deg: Floats, true_deg: Floats) -> ConstantRotation:
    """Return the rotation that turns poses [N, 3] closest to others [N, 3], both in degrees, N >= 1.

    Of a turn of the camera and one of the head it is the one that leaves the smaller error.
    """
    predicted, true = matrix_from_pose(predicted_deg), matrix_from_pose(true_deg)
    back = np.swapaxes(predicted, -1, -2)
    camera, camera_deg = _middle(back @ true)
    head, head_deg = _middle(true @ back)
    return ConstantRotation(camera, "camera") if camera_deg <= head_deg else ConstantRotation(head, "head")


def _middle(rotations: Doubles) -> tuple[Doubles, float]:
    """Return the rotation [3, 3] in the middle of others [N, 3, 3], and how far they are from it on average.

    A rotation's weight is one over its distance, as in Weiszfeld's median, so that outliers decide little.
    """
    weights = np.ones(len(rotations))
    for _ in range(ROUNDS):
        u, _, vt = np.linalg.svd((weights[:, None, None] * rotations).sum(axis=0))
        middle: Doubles = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
        apart_deg = geodesic_deg(pose_from_matrix(middle.T @ rotations), np.zeros(3))
        weights = 1 / np.maximum(apart_deg, LEAST_DEG)
    return middle, float(apart_deg.mean())
