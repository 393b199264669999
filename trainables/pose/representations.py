"""Head rotations that are not given as three angles: quaternions, rotation matrices, rotation vectors.

Each says how a head turns from where it faces the viewer. In which axes it does so is the `Frame`:

- `opencv`: x to the image's right, y down, z away from the viewer, as BIWI and OpenCV's `solvePnP` have it;
- `opengl`: x to the image's right, y up, z towards the viewer, as 3DDFA and OpenGL have it;
- `6drepnet`: the matrix `Rz(roll) Ry(yaw) Rx(pitch)` of AFLW2000's angles itself, as 6DRepNet has it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from trainables.pose.geometry import pose_from_biwi, pose_from_matrix

Doubles = npt.NDArray[np.float64]
Frame = Literal["opencv", "opengl", "6drepnet"]

TOLERANCE = 1e-2
"""How far a rotation may be from one: labels are written with few digits."""


def matrix_from_quaternion(quaternion: Doubles) -> Doubles:
    """Return the rotation [3, 3] of a quaternion (w, x, y, z). Raises `ValueError` unless its length is 1."""
    length = float(np.linalg.norm(quaternion))
    if not abs(length - 1) <= TOLERANCE:  # NaN compares false
        raise ValueError(f"the quaternion {quaternion.tolist()} has the length {length:.3g}, not 1")
    w, x, y, z = quaternion / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def matrix_from_rows(numbers: Doubles) -> Doubles:
    """Return the rotation [3, 3] of nine numbers, row by row.

    Raises `ValueError` for what is no rotation, with a word for a mirror image of one: the model-view matrix
    of a renderer often holds a flip.
    """
    matrix = numbers.reshape(3, 3)
    if not np.allclose(matrix @ matrix.T, np.eye(3), atol=TOLERANCE):
        raise ValueError("the matrix is not a rotation: its rows are not of length 1 and at right angles")
    if np.linalg.det(matrix) < 0:
        raise ValueError(
            "the determinant of the matrix is -1: it turns and mirrors. Change the sign of the row or column "
            "of the axis that is flipped"
        )
    return matrix


def matrix_from_vector(vector: Doubles) -> Doubles:
    """Return the rotation [3, 3] about a vector [3] by its length in radians [Rodrigues].

    Raises `ValueError` for a length beyond one turn.
    """
    angle = float(np.linalg.norm(vector))
    if not angle <= 2 * np.pi + TOLERANCE:
        raise ValueError(f"the rotation vector {vector.tolist()} is longer than one turn: it is in radians")
    half = vector / angle * np.sin(angle / 2) if angle else vector
    return matrix_from_quaternion(np.array([np.cos(angle / 2), *half]))


def pose_from_rotation(matrix: Doubles, frame: Frame) -> Doubles:
    """Return the pose (yaw, pitch, roll) [3] in degrees of a rotation [3, 3] in the axes of `frame`.

    Of the two poses of each rotation it is the one whose head is upright: (95, 0, 0), not (85, 180, 180).
    """
    if frame == "opencv":
        pose = pose_from_biwi(matrix)
    else:
        pose = pose_from_matrix(matrix.T if frame == "opengl" else matrix)
    return upright_pose(pose)


def upright_pose(pose_deg: Doubles) -> Doubles:
    """Return of the two poses [..., 3] in degrees of a rotation the one whose pitch and roll are smaller.

    (yaw, pitch, roll) is also (180 - yaw, pitch + 180, roll + 180).
    """
    turned = pose_deg - np.where(pose_deg < 0, -180.0, 180.0)
    alias = turned * [-1, 1, 1]
    upside_down = np.abs(pose_deg[..., 1:]).sum(axis=-1, keepdims=True) > 180
    return np.where(upside_down, alias, pose_deg)
