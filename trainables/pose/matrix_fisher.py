"""The matrix Fisher distribution on rotations in torch: `p(R) = exp(tr(A^T R)) / c` for any matrix A [3, 3].

With A = U diag(s) V^T, where U and V are rotations and s1 >= s2 >= |s3|, its mode is U V^T, and s says how
certain each axis is. The measure of all rotations is 1, so that the uniform distribution has the entropy 0.

c is a one-dimensional integral [Lee 2018, arXiv:1710.03746, eq. 20], here times exp(-s1 - s2 - s3), so that
it neither grows nor vanishes:

    c e^(-s1-s2-s3) = 1/2 int e^(-x) I0(a) e^(-a) I0(b) e^(-b) du over u from -1 to 1, with
    a = (s1 - s2)(1 - u) / 2,  b = (s1 + s2)(1 + u) / 2,  x = (s2 + s3)(1 - u)

All but `concentrations` is made of operations that ONNX has: no singular values, no Bessel functions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

NODES = 256
"""Of the Gauss-Legendre rule over the angle with u = cos(angle), which resolves both ends of the integral:
log c is right to 1e-6 for s up to 10,000, a spread of half a degree."""

SQUARINGS = 24
"""Of the matrix whose first eigenvector is the mode; the second one counts (1 - gap)^(2^24) beside it."""

SMALL = 3.75
"""Where the two series of a Bessel function meet [Abramowitz & Stegun 1964, 9.8.1 to 9.8.4]."""

I0_SMALL = (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813)
I0_LARGE = (
    *(0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281),
    *(-0.02057706, 0.02635537, -0.01647633, 0.00392377),
)
I1_SMALL = (0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411)
I1_LARGE = (
    *(0.39894228, -0.03988024, -0.00362018, 0.00163801, -0.01031555),
    *(0.02282967, -0.02895312, 0.01787654, -0.00420059),
)


def concentrations(matrix: Tensor) -> Tensor:
    """Return s [..., 3] of matrices A [..., 3, 3], on the CPU, with a gradient that is always finite.

    A GPU takes longer for small matrices, and is waited for either way.
    """
    on_cpu = matrix.cpu()
    s: Tensor = torch.linalg.svdvals(on_cpu)
    mirrored = torch.linalg.det(on_cpu.detach()) < 0
    return torch.cat([s[..., :2], torch.where(mirrored[..., None], -s[..., 2:], s[..., 2:])], dim=-1)


def log_normaliser(s: Tensor) -> Tensor:
    """Return log c(S) [...] of concentrations s [..., 3]."""
    log_terms, _, _, _ = _log_terms(s)
    return s.sum(dim=-1) + torch.logsumexp(log_terms, dim=-1)


def entropy(s: Tensor) -> Tensor:
    """Return the entropy [...] in nats, at most 0, of concentrations s [..., 3].

    `log c - sum of s_i dlog c/ds_i`; the sum is the derivative of log c(t s) by t at t = 1, taken inside the
    integral.
    """
    log_terms, ab, i0, x = _log_terms(s)
    log_c = torch.logsumexp(log_terms, dim=-1)
    by_ab = ab * (_scaled_i1(ab) / i0 - 1)
    by_scale = by_ab[0] + by_ab[1] - x
    return log_c - (torch.exp(log_terms - log_c[..., None]) * by_scale).sum(dim=-1)


def mode(matrix: Tensor) -> Tensor:
    """Return the rotation [..., 3, 3] nearest to matrices A [..., 3, 3], that with the largest tr(A^T R).

    tr(A^T R) is q^T K q for the unit quaternion q = (w, x, y, z) of R [Davenport 1968], so that the mode is
    K's first eigenvector. K, shifted to have no eigenvalue below 0, is squared until nothing else is left.
    Where A has no single nearest rotation the result is finite and no rotation. Give float64.
    """
    square = _of_quaternion(matrix)
    bound = 3**0.5 * torch.linalg.vector_norm(matrix, dim=(-2, -1))[..., None, None]  # >= |s1| + |s2| + |s3|
    eye = torch.eye(4).to(matrix)
    square = square + (bound + torch.finfo(matrix.dtype).tiny) * eye
    for _ in range(SQUARINGS):
        square = square / (square * eye).sum(dim=(-2, -1), keepdim=True)  # a trace in two operations of ONNX
        square = square @ square
    square = square / (square * eye).sum(dim=(-2, -1), keepdim=True)  # q q^T
    ww, wx, wy, wz, _, xx, xy, xz, _, _, yy, yz, _, _, _, zz = square.flatten(start_dim=-2).unbind(dim=-1)
    return _stacked(
        (ww + xx - yy - zz, 2 * (xy - wz), 2 * (xz + wy)),
        (2 * (xy + wz), ww - xx + yy - zz, 2 * (yz - wx)),
        (2 * (xz - wy), 2 * (yz + wx), ww - xx - yy + zz),
    )


def concentrations_at(matrix: Tensor, rotation: Tensor) -> Tensor:
    """Return s [..., 3] of matrices A [..., 3, 3] whose mode is known: the eigenvalues of R^T A.

    In closed form, for networks that are exported; the gradient is not finite where two are equal.
    """
    p = rotation.mT @ matrix
    p = (p + p.mT) / 2
    mean = p.diagonal(dim1=-2, dim2=-1).sum(dim=-1) / 3
    rest = p - mean[..., None, None] * torch.eye(3).to(p)
    radius = (rest.square().sum(dim=(-2, -1)) / 6).sqrt()
    unit = rest / radius.clamp(min=torch.finfo(p.dtype).tiny ** 0.25)[..., None, None]
    half_det = (torch.linalg.cross(unit[..., 0], unit[..., 1]) * unit[..., 2]).sum(dim=-1) / 2
    angle = torch.acos(half_det.clamp(-1, 1).float()).to(p.dtype) / 3
    turns = [angle, angle - 2 * math.pi / 3, angle + 2 * math.pi / 3]
    return torch.stack([mean + 2 * radius * torch.cos(turn.float()) for turn in turns], dim=-1)


def _of_quaternion(matrix: Tensor) -> Tensor:
    """Return K [..., 4, 4] with tr(A^T R(q)) = q^T K q."""
    a, b, c, d, e, f, g, h, i = matrix.flatten(start_dim=-2).unbind(dim=-1)
    return _stacked(
        (a + e + i, h - f, c - g, d - b),
        (h - f, a - e - i, b + d, c + g),
        (c - g, b + d, e - a - i, f + h),
        (d - b, c + g, f + h, i - a - e),
    )


def _stacked(*rows: Sequence[Tensor]) -> Tensor:
    flat = torch.stack([value for row in rows for value in row], dim=-1)
    return flat.reshape(*flat.shape[:-1], len(rows), len(rows[0]))


def _log_terms(s: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the logarithms of the terms [..., NODES] whose sum is the integral, its a and b [2, ..., NODES],
    their I0(a) e^(-a) and I0(b) e^(-b), and its x."""
    cosines, weights = (torch.tensor(values, dtype=s.dtype, device=s.device) for values in _rule())
    s1, s2, s3 = (each[..., None] for each in s.unbind(dim=-1))
    ab = torch.stack([(s1 - s2) * (1 - cosines) / 2, (s1 + s2) * (1 + cosines) / 2])
    x = (s2 + s3) * (1 - cosines)
    i0 = _scaled_i0(ab)  # of both at once: half the operations in an exported graph
    return torch.log(weights * i0[0] * i0[1]) - x, ab, i0, x


@cache
def _rule() -> tuple[list[float], list[float]]:
    """Return nodes u and weights [NODES] of half the integral over u from -1 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    angles = (nodes + 1) * math.pi / 2
    return np.cos(angles).tolist(), (weights * math.pi / 2 * np.sin(angles) / 2).tolist()


def _scaled_i0(x: Tensor) -> Tensor:
    """Return I0(x) e^(-x) of x >= 0."""
    near, far = x.clamp(max=SMALL), x.clamp(min=SMALL)
    small = _polynomial(I0_SMALL, (near / SMALL).square()) * torch.exp(-near)
    return torch.where(x < SMALL, small, _polynomial(I0_LARGE, SMALL / far) / far.sqrt())


def _scaled_i1(x: Tensor) -> Tensor:
    """Return I1(x) e^(-x) of x >= 0."""
    near, far = x.clamp(max=SMALL), x.clamp(min=SMALL)
    small = near * _polynomial(I1_SMALL, (near / SMALL).square()) * torch.exp(-near)
    return torch.where(x < SMALL, small, _polynomial(I1_LARGE, SMALL / far) / far.sqrt())


def _polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    value = coefficients[-1] * x + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        value = value * x + coefficient
    return value
