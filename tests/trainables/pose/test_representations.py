"""Quaternions, matrices and rotation vectors against scipy, and their axes against known poses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from trainables.pose.axes import head_rotation
from trainables.pose.geometry import matrix_from_pose
from trainables.pose.representations import (
    matrix_from_quaternion,
    matrix_from_rows,
    matrix_from_vector,
    pose_from_rotation,
)

RANDOM = Rotation.random(20, rng=np.random.default_rng(0))


def test_each_representation_gives_the_rotation_that_scipy_gives() -> None:
    for rotation in RANDOM:
        matrix = rotation.as_matrix()
        np.testing.assert_allclose(
            matrix_from_quaternion(rotation.as_quat(scalar_first=True)), matrix, atol=1e-12
        )
        np.testing.assert_allclose(matrix_from_vector(rotation.as_rotvec()), matrix, atol=1e-12)
        np.testing.assert_allclose(matrix_from_rows(matrix.ravel()), matrix)
    np.testing.assert_allclose(matrix_from_vector(np.zeros(3)), np.eye(3))


@pytest.mark.parametrize(
    ("read", "numbers", "said"),
    [
        (matrix_from_quaternion, [0.5, 0.5, 0.5, 0.1], "length 0.872, not 1"),
        (matrix_from_rows, [2, 0, 0, 0, 1, 0, 0, 0, 1], "not a rotation"),
        (matrix_from_rows, [1, 0, 0, 0, 1, 0, 0, 0, -1], "determinant of the matrix is -1"),
        (matrix_from_vector, [30.0, 10.0, 0.0], "radians"),
        (matrix_from_quaternion, [float("nan"), 0, 0, 1], "not 1"),
    ],
)
def test_what_is_no_rotation_is_refused(read, numbers: list[float], said: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=said):
        read(np.array(numbers, float))


@pytest.mark.parametrize(
    "pose", [(30.0, -20.0, 10.0), (95.0, 0.0, 0.0), (-120.0, 15.0, -5.0), (0.0, 0.0, 0.0)]
)
def test_the_axes_of_each_frame_lead_to_the_pose(pose: tuple[float, float, float]) -> None:
    """A head drawn at a pose is turned by `head_rotation` in the axes of the viewer, y up."""
    drawn = head_rotation(pose)
    y_down = np.diag([1.0, -1.0, -1.0])
    np.testing.assert_allclose(pose_from_rotation(drawn, "opengl"), pose, atol=1e-9)
    np.testing.assert_allclose(pose_from_rotation(y_down @ drawn @ y_down, "opencv"), pose, atol=1e-9)
    np.testing.assert_allclose(
        pose_from_rotation(matrix_from_pose(np.array(pose)), "6drepnet"), pose, atol=1e-9
    )


def test_a_rotation_of_biwi_is_one_of_opencv() -> None:
    """The first frame of BIWI, with the angles that HopeNet's formula gives."""
    rows = [0.980639, 0.109899, 0.162077, -0.11023, 0.993882, -0.00697376, -0.161851, -0.011027, 0.986754]
    pose = pose_from_rotation(matrix_from_rows(np.array(rows)), "opencv")
    np.testing.assert_allclose(pose, (9.3275, -0.4049, -6.3944), atol=1e-3)
