"""Rotations in torch against numpy's, and the gradient where formulas of an angle break down."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainables.pose import geometry
from trainables.pose.rotations import (
    geodesic_deg,
    matrix_from_6d,
    matrix_from_pose,
    pose_from_matrix,
    upright_pose,
)


def poses(count: int, seed: int = 0) -> torch.Tensor:
    draws = torch.rand(count, 3, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return draws * torch.tensor([89.0, 179.0, 179.0])


def columns(matrix: torch.Tensor) -> torch.Tensor:
    """Return the first two columns [..., 6] of matrices [..., 3, 3], one after the other."""
    return matrix[..., :2].transpose(-1, -2).flatten(-2)


def test_matrix_and_pose_are_those_of_geometry() -> None:
    pose = poses(2000)
    matrix = matrix_from_pose(pose)
    np.testing.assert_allclose(matrix, geometry.matrix_from_pose(pose.numpy()), rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        pose_from_matrix(matrix), geometry.pose_from_matrix(matrix.numpy()), rtol=0, atol=1e-4
    )


def test_angles_survive_the_way_over_six_numbers_below_gimbal_lock() -> None:
    pose = poses(5000)
    back = pose_from_matrix(matrix_from_6d(columns(matrix_from_pose(pose))))
    torch.testing.assert_close(back, pose, rtol=0, atol=1e-4)


def test_an_upright_pose_is_the_same_rotation_with_the_smaller_pitch_and_roll() -> None:
    pose = poses(2000)
    upright = upright_pose(pose)
    torch.testing.assert_close(matrix_from_pose(upright), matrix_from_pose(pose), rtol=0, atol=2e-6)
    assert upright[:, 1:].abs().sum(dim=1).max() <= 180
    kept = pose[:, 1:].abs().sum(dim=1) <= 180
    assert torch.equal(upright[kept], pose[kept]) and (~kept).any()


@pytest.mark.parametrize("yaw_deg", [-179.0, -99.0, -91.0, -89.0, 0.0, 45.0, 89.0, 91.0, 99.0])
def test_a_profile_beyond_90_degrees_keeps_its_label(yaw_deg: float) -> None:
    pose = torch.tensor([[yaw_deg, 12.0, -30.0], [yaw_deg, -85.0, 94.0], [yaw_deg, 0.0, 0.0]])
    back = upright_pose(pose_from_matrix(matrix_from_pose(pose)))
    torch.testing.assert_close(back, pose, rtol=0, atol=1e-3)


def test_biwi_vector() -> None:
    rows = [[0.980639, 0.109899, 0.162077], [-0.11023, 0.993882, -0.00697376]]  # of its transpose: columns
    pose = pose_from_matrix(matrix_from_6d(torch.tensor(rows).flatten()))
    expected = torch.tensor([-9.3275, -0.4049, 6.3944])  # BIWI's yaw and roll have the other sign
    torch.testing.assert_close(pose, expected, rtol=0, atol=5e-4)


def test_six_numbers_make_a_rotation_that_depends_on_directions_and_their_plane_alone() -> None:
    numbers = torch.randn(500, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    a1, a2 = numbers[:, :3], numbers[:, 3:]
    matrix = matrix_from_6d(numbers)
    torch.testing.assert_close(matrix @ matrix.mT, torch.eye(3).double().expand(500, 3, 3))
    torch.testing.assert_close(torch.linalg.det(matrix), torch.ones(500).double())
    torch.testing.assert_close(matrix[..., 0], a1 / a1.norm(dim=1, keepdim=True))
    assert ((matrix[..., 1] * a2).sum(dim=1) > 0).all()
    for changed in ([7 * a1, a2], [a1, 0.1 * a2], [a1, a2 - 3 * a1], [0.5 * a1, 2 * a2 + a1]):
        torch.testing.assert_close(matrix_from_6d(torch.cat(changed, dim=1)), matrix)


def test_geodesic_is_that_of_geometry() -> None:
    one, other = poses(5000, seed=1), poses(5000, seed=2)
    other[:1000] = one[:1000] + poses(1000, seed=3) * 1e-4  # nearly the same
    expected = geometry.geodesic_deg(one.numpy(), other.numpy())
    got = geodesic_deg(matrix_from_pose(one), matrix_from_pose(other))
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4)
    torch.testing.assert_close(got, geodesic_deg(matrix_from_pose(other), matrix_from_pose(one)))


def error_and_gradient(error_deg: float) -> tuple[float, torch.Tensor]:
    """Return the angle between a rotation and one turned by `error_deg`, and its gradient [6]."""
    true = matrix_from_pose(torch.tensor([20.0, -10.0, 5.0]))
    turn = matrix_from_pose(torch.tensor([0.0, 0.0, error_deg]))
    numbers = columns(true @ turn).requires_grad_()
    angle = geodesic_deg(matrix_from_6d(numbers), true)
    angle.backward()
    assert numbers.grad is not None
    return float(angle.detach()), numbers.grad


@pytest.mark.parametrize("error_deg", [1e-3, 0.1, 10.0, 90.0, 170.0, 179.9, 179.999])
def test_every_error_pulls_alike(error_deg: float) -> None:
    angle, gradient = error_and_gradient(error_deg)
    assert angle == pytest.approx(error_deg, abs=1e-4)
    assert gradient.norm() == pytest.approx(np.degrees(1), rel=0.01)  # about one of the unit columns


@pytest.mark.parametrize("error_deg", [0.0, 180.0])
def test_the_gradient_is_finite_at_both_ends(error_deg: float) -> None:
    angle, gradient = error_and_gradient(error_deg)
    assert angle == pytest.approx(error_deg, abs=1e-4)
    assert gradient.isfinite().all() and gradient.norm() < 60


def test_equal_rotations_pull_nowhere() -> None:
    same = torch.eye(3).requires_grad_()
    geodesic_deg(same, torch.eye(3)).backward()
    assert same.grad is not None and torch.equal(same.grad, torch.zeros(3, 3))


@pytest.mark.parametrize("numbers", [[0.0] * 6, [1.0, 2, 3, 2, 4, 6], [0.0, 0, 0, 1, 0, 0]])
def test_numbers_that_make_no_rotation_give_finite_angles_and_gradients(numbers: list[float]) -> None:
    raw = torch.tensor(numbers).requires_grad_()
    matrix = matrix_from_6d(raw)
    geodesic_deg(matrix, matrix_from_pose(torch.tensor([10.0, 20.0, 30.0]))).backward()
    assert raw.grad is not None and raw.grad.isfinite().all()
    assert pose_from_matrix(matrix).isfinite().all()
