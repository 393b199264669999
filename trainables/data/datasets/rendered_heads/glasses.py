"""Glasses fitted to one face: two rims, a bridge and two temples, as tubes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainables.data.datasets.rendered_heads.head_mesh import Floats, Ints

Line = npt.NDArray[np.float64]

TUBE_SIDES = 6


def no_glasses() -> tuple[Floats, Ints]:
    """Return a mesh without a vertex."""
    return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32)


def make_glasses(rng: np.random.Generator, skin: Floats, eyes: Floats) -> tuple[Floats, Ints]:
    """Return vertices and triangles of glasses for a face of `skin` vertices and two `eyes` (left, right)."""
    left, right = eyes
    level = skin[np.abs(skin[:, 1] - left[1]) < 0.25]
    front = level[np.abs(level[:, 0] - left[0]) < 0.25, 2].max() + 0.03
    side = np.abs(level[np.abs(level[:, 2] - 0.8) < 0.3, 0]).max() + 0.02
    wide, high, squareness = rng.uniform(0.2, 0.27), rng.uniform(0.14, 0.24), rng.uniform(0.5, 1.0)
    turn = np.linspace(0, 2 * np.pi, 33)
    cos, sin = np.cos(turn), np.sin(turn)
    rim = np.stack(
        [wide * np.sign(cos) * np.abs(cos) ** squareness, high * np.sign(sin) * np.abs(sin) ** squareness], 1
    )
    lines = []
    for centre, outward in ((left, 1.0), (right, -1.0)):
        lines.append(np.column_stack([rim + centre[:2] - [0, 0.03], front - 0.25 * np.abs(rim[:, 0]) ** 1.5]))
        hinge = np.array([centre[0] + outward * wide, centre[1] + 0.3 * high, front - 0.02])
        corner = np.array([outward * side, hinge[1], front - 0.3])
        lines.append(np.linspace(hinge, corner, 4))
        lines.append(np.linspace(corner, [outward * side, centre[1], 0.45], 4))
    inner = np.array([wide, 0.0])
    bridge = np.linspace(left[:2] - inner, right[:2] + inner, 7)
    bridge[:, 1] += 0.04
    lines.append(np.column_stack([bridge, np.full(7, front)]))
    return _tubes(lines, rng.uniform(0.012, 0.03))


def _tubes(lines: list[Line], radius: float) -> tuple[Floats, Ints]:
    vertices, triangles, start = [], [], 0
    turn = np.arange(TUBE_SIDES) * 2 * np.pi / TUBE_SIDES
    for line in lines:
        ahead = np.gradient(line, axis=0)
        side = np.cross(
            ahead, [0.03, 0.05, 1.0] if abs(ahead[0, 2]) < 0.8 * np.linalg.norm(ahead[0]) else [0, 1.0, 0.05]
        )
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        up = np.cross(ahead, side)
        up /= np.linalg.norm(up, axis=1, keepdims=True)
        ring = np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * up[:, None]
        vertices.append((line[:, None] + radius * ring).reshape(-1, 3))
        for step in range(len(line) - 1):
            for k in range(TUBE_SIDES):
                a, b = start + step * TUBE_SIDES + k, start + step * TUBE_SIDES + (k + 1) % TUBE_SIDES
                triangles += [(a, b, a + TUBE_SIDES), (b, b + TUBE_SIDES, a + TUBE_SIDES)]
        start += len(line) * TUBE_SIDES
    return np.concatenate(vertices).astype(np.float32), np.array(triangles, np.int32)
