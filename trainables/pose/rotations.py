"""Head rotations in torch, batched and differentiable; the convention is that of `geometry.py`.

Nothing here multiplies matrices by a library call: autocast and TF32 would round such products to a part in a
thousand, which is 0.06 degrees. Computed in the precision of the input; give fp32 or better.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MIN_NORM = 1e-8  # of a vector that is normalised, as in 6DRepNet: zero vectors give zeros, not NaN


def matrix_from_pose(pose_deg: Tensor) -> Tensor:
    """Return `Rz(roll) Ry(yaw) Rx(pitch)` [..., 3, 3] of poses (yaw, pitch, roll) [..., 3] in degrees."""
    yaw, pitch, roll = torch.deg2rad(pose_deg).unbind(-1)
    (cy, sy), (cp, sp), (cr, sr) = ((torch.cos(a), torch.sin(a)) for a in (yaw, pitch, roll))
    rows = (
        (cr * cy, cr * sy * sp - sr * cp, cr * sy * cp + sr * sp),
        (sr * cy, sr * sy * sp + cr * cp, sr * sy * cp - cr * sp),
        (-sy, cy * sp, cy * cp),
    )
    return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=-2)


def pose_from_matrix(matrix: Tensor) -> Tensor:
    """Return the pose (yaw, pitch, roll) [..., 3] in degrees of rotations [..., 3, 3], with |yaw| <= 90.

    At |yaw| = 90 only pitch -+ roll is determined (gimbal lock); the answer is then one of many.
    """
    cosine_of_yaw = torch.linalg.vector_norm(matrix[..., :2, 0], dim=-1)
    yaw = torch.atan2(-matrix[..., 2, 0], cosine_of_yaw)
    pitch = torch.atan2(matrix[..., 2, 1], matrix[..., 2, 2])
    roll = torch.atan2(matrix[..., 1, 0], matrix[..., 0, 0])
    return torch.rad2deg(torch.stack([yaw, pitch, roll], dim=-1))


def upright_pose(pose_deg: Tensor) -> Tensor:
    """Return of two poses [..., 3] in degrees that are one rotation the one whose pitch and roll are smaller.

    (yaw, pitch, roll) is also (180 - yaw, pitch + 180, roll + 180). `pose_from_matrix` gives the one with
    |yaw| <= 90: a face turned by (95, 0, 0), as labels have it, would be one upside down at (85, 180, 180).
    """
    turned = pose_deg - torch.where(pose_deg < 0, -180.0, 180.0)
    alias = torch.cat([-turned[..., :1], turned[..., 1:]], dim=-1)
    upside_down = pose_deg[..., 1:].abs().sum(dim=-1, keepdim=True) > 180.0
    return torch.where(upside_down, alias, pose_deg)


def matrix_from_6d(vectors: Tensor) -> Tensor:
    """Return the rotation [..., 3, 3] that Gram-Schmidt makes of two vectors [..., 6] [Zhou 2019].

    The first three numbers are a1, the last three a2. The matrix has the columns b1 = a1 / |a1|, b2, which is
    the part of a2 at right angles to b1, normalised, and b3 = b1 x b2; as in 6DRepNet [Hempel 2022], b3 is
    computed first. A rotation's own first two columns give the rotation back. Where a1 and a2 are parallel
    there is none, and the result is finite and no rotation.
    """
    a1, a2 = vectors[..., :3], vectors[..., 3:]
    b1 = F.normalize(a1, dim=-1, eps=MIN_NORM)
    b3 = F.normalize(torch.linalg.cross(b1, a2), dim=-1, eps=MIN_NORM)
    return torch.stack([b1, torch.linalg.cross(b3, b1), b3], dim=-1)


def geodesic_deg(matrix: Tensor, other: Tensor) -> Tensor:
    """Return the angle [...] in degrees, 0 to 180, of the one rotation between rotations [..., 3, 3].

    It equals `acos((tr(R1 R2^T) - 1) / 2)` [Hempel 2022], computed as an arc tangent of twice the sine, the
    length of the axial vector of R1 R2^T, and twice the cosine. It is exact near 0 and 180, where the arc
    cosine loses half its digits, and its gradient is finite everywhere without clamping.
    """
    axial = torch.linalg.cross(matrix, other, dim=-2).sum(dim=-1)  # summed over pairs of columns
    twice_sine = torch.linalg.vector_norm(axial, dim=-1)
    twice_cosine = (matrix * other).sum(dim=(-2, -1)) - 1.0
    return torch.rad2deg(torch.atan2(twice_sine, twice_cosine))
