"""Head rotations: Euler angles in degrees as input and output, rotation matrices inside.

Convention. Angles stand in the order yaw, pitch, roll, with AFLW2000's signs as a viewer of the image sees
them: yaw > 0 turns the nose to the image's left, pitch > 0 up, roll > 0 clockwise. A pose's matrix is
`R = Rz(roll) Ry(yaw) Rx(pitch)` of right-handed elementary rotations (as 6DRepNet has it). A head's vertices
(x to the image's right, y up, z towards the viewer) are turned by its transpose (as 3DDFA has it).

Changes of an image that change the pose in it, with F = diag(-1, 1, 1) and the matrix R of the pose:
mirrored left to right it is `F R F`; turned clockwise in the image plane by an angle it is `R Rz(angle)`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]


def matrix_from_pose(pose_deg: Floats) -> Doubles:
    """Return `Rz(roll) Ry(yaw) Rx(pitch)` [..., 3, 3] of poses (yaw, pitch, roll) [..., 3] in degrees."""
    yaw, pitch, roll = np.moveaxis(np.radians(np.asarray(pose_deg, dtype=np.float64)), -1, 0)
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (yaw, pitch, roll))
    rows = (
        (cr * cy, cr * sy * sp - sr * cp, cr * sy * cp + sr * sp),
        (sr * cy, sr * sy * sp + cr * cp, sr * sy * cp - cr * sp),
        (-sy, cy * sp, cy * cp),
    )
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def pose_from_matrix(matrix: Floats) -> Doubles:
    """Return the pose (yaw, pitch, roll) [..., 3] in degrees of rotations [..., 3, 3], with |yaw| <= 90.

    At |yaw| = 90 only pitch -+ roll is determined (gimbal lock); the answer is then one of many.
    """
    r = np.asarray(matrix, dtype=np.float64)
    yaw = np.arctan2(-r[..., 2, 0], np.hypot(r[..., 0, 0], r[..., 1, 0]))
    pitch = np.arctan2(r[..., 2, 1], r[..., 2, 2])
    roll = np.arctan2(r[..., 1, 0], r[..., 0, 0])
    pose: Doubles = np.degrees(np.stack([yaw, pitch, roll], axis=-1))
    return pose


def pose_from_biwi(matrix: Floats) -> Doubles:
    """Return the pose [..., 3] in degrees of BIWI's rotations [..., 3, 3], as HopeNet and FSA-Net read them.

    Their formula is `R^T = Rz(-roll) Ry(-yaw) Rx(pitch)`; the camera's extrinsics are not applied.
    """
    return mirrored(pose_from_matrix(np.swapaxes(matrix, -1, -2)))


def mirrored(pose_deg: Floats) -> Doubles:
    """Return the poses [..., 3] of the horizontally flipped images: yaw and roll change their sign.

    That is `F R F` with F = diag(-1, 1, 1). Poses without roll [..., 2] are mirrored likewise.
    """
    pose = np.asarray(pose_deg, dtype=np.float64)
    signs: Doubles = np.array([-1.0, 1.0, -1.0])
    return pose * signs[: pose.shape[-1]]


def turned_in_image(pose_deg: Floats, clockwise_deg: Floats) -> Doubles:
    """Return the poses [..., 3] of images turned clockwise in their plane by `clockwise_deg` [...] degrees.

    Such a turn rolls the camera about its axis, after every turn of the head itself: vertices at `R^T v` move
    to `Rz(angle)^T R^T v`, so the matrix becomes `R Rz(angle)`. It is roll + angle only where yaw and pitch
    are 0: (60, 20, 0) turned by 10 is (55.4, 34.2, 16.7). The image may turn about any of its points: the
    choice shifts the head in the image and changes none of its angles.

    Pitch and roll are given from -180 to 180. A yaw beyond +-90 stays beyond it, as a turn meets the gimbal
    lock there only by chance.
    """
    pose = np.asarray(pose_deg, dtype=np.float64)
    camera = np.zeros_like(pose)
    camera[..., 2] = clockwise_deg
    turned = pose_from_matrix(matrix_from_pose(pose) @ matrix_from_pose(camera))
    beyond = np.cos(np.radians(pose[..., :1])) < 0
    # The alias of a pose: half a turn about each axis, and yaw from the other side of 90.
    alias = turned * [-1, 1, 1] + np.copysign(180.0, turned) * [1, -1, -1]
    return np.where(beyond, alias, turned)


def geodesic_deg(pose_deg: Floats, other_deg: Floats) -> Doubles:
    """Return the angle [...] in degrees, 0 to 180, of the one rotation between poses [..., 3].

    `acos((tr(R1 R2^T) - 1) / 2)`, computed as an arc tangent, which is exact near 0 and 180 too.
    """
    turn = matrix_from_pose(pose_deg) @ np.swapaxes(matrix_from_pose(other_deg), -1, -2)
    twice_sine = np.sqrt(
        (turn[..., 2, 1] - turn[..., 1, 2]) ** 2
        + (turn[..., 0, 2] - turn[..., 2, 0]) ** 2
        + (turn[..., 1, 0] - turn[..., 0, 1]) ** 2
    )
    angle: Doubles = np.degrees(np.arctan2(twice_sine, np.trace(turn, axis1=-2, axis2=-1) - 1.0))
    return angle


def wrapped_error_deg(error_deg: Floats) -> Doubles:
    """Return the shorter way round, 0 to 180 degrees, of angle errors of any size (WHENet's error)."""
    shorter: Doubles = np.abs((np.asarray(error_deg, dtype=np.float64) + 180.0) % 360.0 - 180.0)
    return shorter
