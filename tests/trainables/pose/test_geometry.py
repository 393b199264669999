"""Rotations against scipy, published vectors and the symmetries of a head."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from trainables.pose.geometry import (
    geodesic_deg,
    matrix_from_pose,
    mirrored,
    pose_from_biwi,
    pose_from_matrix,
    turned_in_image,
    wrapped_error_deg,
)

BIWI_FRAME = np.array(
    [[0.980639, 0.109899, 0.162077], [-0.11023, 0.993882, -0.00697376], [-0.161851, -0.011027, 0.986754]]
)


def poses(count: int, yaw_limit_deg: float = 89.0) -> np.ndarray:
    draws = np.random.default_rng(1).uniform(-1, 1, (count, 3))
    return draws * [yaw_limit_deg, 179.0, 179.0]


def test_matrix_is_rz_ry_rx_of_right_handed_rotations() -> None:
    pose = poses(200)
    expected = Rotation.from_euler("xyz", pose[:, [1, 0, 2]], degrees=True).as_matrix()
    np.testing.assert_allclose(matrix_from_pose(pose), expected, atol=1e-12)


def test_euler_angles_survive_the_round_trip_below_gimbal_lock() -> None:
    pose = poses(1000)
    np.testing.assert_allclose(pose_from_matrix(matrix_from_pose(pose)), pose, atol=1e-6)


def test_alias_names_the_same_rotation() -> None:
    pose = poses(50)
    alias = np.stack([180 - pose[:, 0], pose[:, 1] + 180, pose[:, 2] + 180], axis=1)
    np.testing.assert_allclose(matrix_from_pose(alias), matrix_from_pose(pose), atol=1e-12)


def test_biwi_vector() -> None:
    np.testing.assert_allclose(pose_from_biwi(BIWI_FRAME), [9.3275, -0.4049, -6.3944], atol=5e-4)


def test_mirrored_pose_is_the_rotation_seen_in_a_mirror() -> None:
    pose, flip = poses(100), np.diag([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(
        matrix_from_pose(mirrored(pose)), flip @ matrix_from_pose(pose) @ flip, atol=1e-12
    )


def test_a_pose_without_roll_is_mirrored_likewise() -> None:
    np.testing.assert_array_equal(mirrored(np.array([[30.0, 10.0]])), [[-30, 10]])


def test_turned_pose_is_rolled_about_the_axis_of_the_camera() -> None:
    pose, angle = poses(200), np.linspace(-45, 45, 200)
    expected = matrix_from_pose(pose) @ Rotation.from_euler("z", angle[:, None], degrees=True).as_matrix()
    np.testing.assert_allclose(matrix_from_pose(turned_in_image(pose, angle)), expected, atol=1e-12)


def test_a_turn_is_added_to_the_roll_of_a_frontal_face_alone() -> None:
    np.testing.assert_allclose(turned_in_image(np.array([0.0, 0, 15]), np.array(10.0)), [0, 0, 25], atol=1e-9)
    turned = turned_in_image(np.array([60.0, 20, 0]), np.array(10.0))
    np.testing.assert_allclose(turned, [55.4, 34.2, 16.7], atol=0.05)
    assert geodesic_deg(turned, np.array([60.0, 20, 10])) > 10  # as far off as the turn itself


def test_a_turn_and_the_same_turn_back_leave_the_pose() -> None:
    pose, angle = poses(1000), np.random.default_rng(2).uniform(-45, 45, 1000)
    there = turned_in_image(pose, angle)
    assert np.isfinite(there).all() and np.abs(there).max() <= 180
    np.testing.assert_allclose(turned_in_image(there, -angle), pose, atol=1e-4)


def test_a_turn_in_the_mirror_goes_the_other_way() -> None:
    pose, angle = poses(100), np.linspace(-45, 45, 100)
    np.testing.assert_allclose(
        turned_in_image(mirrored(pose), -angle), mirrored(turned_in_image(pose, angle)), atol=1e-9
    )


def test_a_yaw_beyond_the_profile_stays_beyond_it() -> None:
    pose = np.array([[95.0, 3, -4], [-98.0, 3, -4], [179.0, -170, 170]])
    np.testing.assert_allclose(turned_in_image(pose, np.zeros(3)), pose, atol=1e-9)
    assert (np.abs(turned_in_image(pose, np.full(3, 10.0))[:, 0]) > 90).all()
    assert np.isfinite(turned_in_image(np.array([90.0, 0, 0]), np.array(10.0))).all()


def test_geodesic_equals_the_magnitude_of_the_relative_rotation() -> None:
    a, b = poses(300), poses(300)[::-1]
    relative = Rotation.from_matrix(matrix_from_pose(a)) * Rotation.from_matrix(matrix_from_pose(b)).inv()
    np.testing.assert_allclose(geodesic_deg(a, b), np.degrees(relative.magnitude()), atol=1e-6)
    np.testing.assert_allclose(geodesic_deg(a, b), geodesic_deg(b, a), atol=1e-9)
    assert geodesic_deg(a, a).max() < 1e-6


def test_geodesic_is_exact_at_both_ends() -> None:
    zero = np.zeros(3)
    assert geodesic_deg(zero, np.array([0.0, 0.0, 1e-7])) == pytest.approx(1e-7, rel=1e-6)
    assert geodesic_deg(zero, np.array([0.0, 0.0, 180.0])) == pytest.approx(180.0)


def test_near_gimbal_lock_far_angles_are_near_poses() -> None:
    # in the order yaw, pitch, roll: 80 degrees apart in two angles
    assert geodesic_deg(np.array([88.0, 40, 40]), np.array([88.0, -40, -40])) == pytest.approx(2.57, abs=0.01)


@pytest.mark.parametrize(
    ("error_deg", "wrapped"), [(0, 0), (180, 180), (190, 170), (-190, 170), (360, 0), (714, 6)]
)
def test_wrapped_error_takes_the_shorter_way(error_deg: float, wrapped: float) -> None:
    assert wrapped_error_deg(np.array(error_deg)) == pytest.approx(wrapped)
