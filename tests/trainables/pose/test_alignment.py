"""The constant rotation between two conventions: planted ones are found, despite noise and outliers."""

from __future__ import annotations

import numpy as np
import pytest

from trainables.pose.alignment import ConstantRotation, best_rotation
from trainables.pose.geometry import geodesic_deg, matrix_from_pose, pose_from_matrix


def poses(count: int = 1000) -> np.ndarray:
    generator = np.random.default_rng(0)
    return generator.uniform((-70, -30, -25), (70, 30, 25), (count, 3))


@pytest.mark.parametrize("side", ["camera", "head"])
@pytest.mark.parametrize(
    "planted_deg", [(5.0, 0.0, 0.0), (0.0, 5.0, 0.0), (0.0, 0.0, -5.0), (3.0, -15.0, 2.0)]
)
def test_a_planted_rotation_is_found_within_a_tenth_of_a_degree(
    side: str, planted_deg: tuple[float, ...]
) -> None:
    """The predictions have a noise of 3 degrees, and one in twenty is any pose."""
    true, generator = poses(8000), np.random.default_rng(1)
    planted = matrix_from_pose(np.array(planted_deg))
    turned = matrix_from_pose(true)
    turned = turned @ planted if side == "camera" else planted @ turned
    predicted = true + generator.normal(0, 3, true.shape)
    predicted[::20] = poses(400)[::-1]
    found = best_rotation(predicted, pose_from_matrix(turned))
    assert found.side == side
    assert float(geodesic_deg(found.pose_deg, np.array(planted_deg))) < 0.1


def test_without_noise_nothing_is_left() -> None:
    true = poses(30)
    planted = ConstantRotation(matrix_from_pose(np.array([4.0, 3.0, -2.0])), "head")
    found = best_rotation(true, planted.applied(true))
    np.testing.assert_allclose(found.matrix, planted.matrix, atol=1e-6)
    assert found.angle_deg == pytest.approx(planted.angle_deg)
    assert geodesic_deg(found.applied(true), planted.applied(true)).max() < 1e-4
    assert best_rotation(true, true).angle_deg < 1e-6
