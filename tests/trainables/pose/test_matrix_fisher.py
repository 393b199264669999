"""The matrix Fisher distribution against quadrature, sampling and singular values."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import integrate, special
from scipy.spatial.transform import Rotation

from trainables.pose import matrix_fisher
from trainables.pose.rotations import matrix_from_pose

CONCENTRATIONS = [
    (0, 0, 0),
    (1, 1, 1),
    (1, 0.5, -0.5),
    (5, 3, 1),
    (200, 180, 170),
    (500, 300, -299),
    (1e3, 0, 0),
    (1e4, 9e3, 8e3),
]
each_s = pytest.mark.parametrize("s", CONCENTRATIONS, ids=str)


def log_c(s: tuple[float, ...]) -> float:
    """Return log c by adaptive quadrature with scipy's Bessel functions, in double precision."""
    s1, s2, s3 = s

    def term(u: float) -> float:
        bessels = special.i0e((s1 - s2) * (1 - u) / 2) * special.i0e((s1 + s2) * (1 + u) / 2)
        return float(bessels * np.exp((s2 + s3) * (u - 1)) / 2)

    steps = [10.0**-power for power in range(1, 7)]
    points = [*(1 - step for step in steps), *(step - 1 for step in steps)]
    found, _ = integrate.quad(term, -1, 1, points=points, limit=500, epsabs=0, epsrel=1e-11)
    return float(np.log(found)) + sum(s)


def matrices(count: int, scale: float = 30.0, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(count, 3, 3, generator=generator, dtype=torch.float64)


@each_s
def test_log_c_is_that_of_quadrature(s: tuple[float, ...]) -> None:
    found = matrix_fisher.log_normaliser(torch.tensor(s, dtype=torch.float64))
    assert float(found) == pytest.approx(log_c(s), abs=2e-6)


def test_c_is_the_mean_of_the_density_over_all_rotations() -> None:
    """The quadrature's formula itself: against a mean over random rotations."""
    matrix = np.array([[1.0, 0.4, -0.2], [0.1, -0.8, 0.5], [0.3, 0.2, 0.6]])
    rotations = Rotation.random(400_000, rng=np.random.default_rng(0)).as_matrix()
    sampled = np.exp((rotations * matrix).sum(axis=(1, 2))).mean()
    s = matrix_fisher.concentrations(torch.from_numpy(matrix))
    assert float(matrix_fisher.log_normaliser(s)) == pytest.approx(np.log(sampled), abs=0.01)
    assert log_c(tuple(s.tolist())) == pytest.approx(np.log(sampled), abs=0.01)


@each_s
def test_entropy_is_log_c_less_its_derivative(s: tuple[float, ...]) -> None:
    """The derivative by central differences of quadrature: `log c - d/dt log c(t s)` at t = 1."""
    step = 1e-4
    low, high = (log_c(tuple((1 + sign * step) * each for each in s)) for sign in (-1, 1))
    expected = log_c(s) - (high - low) / (2 * step)
    found = float(matrix_fisher.entropy(torch.tensor(s, dtype=torch.float64)))
    assert found == pytest.approx(expected, abs=1e-3)
    assert found <= 0


def test_the_surer_the_lower_the_entropy_and_a_turn_changes_nothing() -> None:
    entropies = matrix_fisher.entropy(torch.tensor([[s, s, s] for s in (0.0, 1, 10, 100, 1000)]).double())
    assert entropies[0] == pytest.approx(0, abs=1e-6) and (entropies.diff() < 0).all()
    matrix, turn = matrices(50), matrix_from_pose(torch.tensor([40.0, -20.0, 70.0], dtype=torch.float64))
    s, turned = (matrix_fisher.concentrations(each) for each in (matrix, turn @ matrix))
    torch.testing.assert_close(s, turned)


def test_the_mode_is_the_nearest_rotation_by_singular_values() -> None:
    matrix = torch.cat([matrices(500), matrices(500, scale=0.01, seed=1)])
    u, s, vt = torch.linalg.svd(matrix)
    sign = torch.linalg.det(u @ vt)
    assert 0.3 < (sign < 0).double().mean() < 0.7  # as many mirrored ones as not
    certain = s[:, 1] + sign * s[:, 2] > 0.01 * s[:, 0]
    u[..., 2] *= sign[:, None]
    found = matrix_fisher.mode(matrix)
    torch.testing.assert_close(found[certain], (u @ vt)[certain], rtol=0, atol=1e-9)
    torch.testing.assert_close(torch.linalg.det(found[certain]), torch.ones(int(certain.sum())).double())


def test_concentrations_have_the_sign_of_the_determinant_in_both_ways_to_them() -> None:
    matrix = matrices(500)
    s = matrix_fisher.concentrations(matrix)
    assert ((s[:, 2] < 0) == (torch.linalg.det(matrix) < 0)).all()
    assert (s[:, 0] >= s[:, 1]).all() and (s[:, 1] >= s[:, 2].abs()).all()
    closed = matrix_fisher.concentrations_at(matrix, matrix_fisher.mode(matrix))
    torch.testing.assert_close(closed, s, rtol=0, atol=1e-4)
    equal = 5 * torch.eye(3).double()
    assert matrix_fisher.concentrations_at(equal, matrix_fisher.mode(equal)).tolist() == pytest.approx(
        [5] * 3
    )


@pytest.mark.parametrize("matrix", [torch.zeros(3, 3), torch.eye(3), torch.diag(torch.tensor([2.0, 2, -2]))])
def test_gradients_are_finite_where_singular_values_are_equal_or_nothing_is_known(
    matrix: torch.Tensor,
) -> None:
    given = matrix.double().requires_grad_()
    torch.autograd.backward(matrix_fisher.log_normaliser(matrix_fisher.concentrations(given)))
    assert given.grad is not None and given.grad.isfinite().all()
    assert matrix_fisher.mode(matrix.double()).isfinite().all()


def test_the_gradient_of_log_c_is_the_mean_rotation() -> None:
    """`d log c / dA = E[R]`: by importance sampling over random rotations."""
    matrix = torch.tensor([[1.0, 0.4, -0.2], [0.1, -0.8, 0.5], [0.3, 0.2, 0.6]]).double().requires_grad_()
    torch.autograd.backward(matrix_fisher.log_normaliser(matrix_fisher.concentrations(matrix)))
    rotations = Rotation.random(400_000, rng=np.random.default_rng(1)).as_matrix()
    weights = np.exp((rotations * matrix.detach().numpy()).sum(axis=(1, 2)))
    mean = (weights[:, None, None] * rotations).sum(axis=0) / weights.sum()
    assert matrix.grad is not None
    np.testing.assert_allclose(matrix.grad.numpy(), mean, atol=0.01)
