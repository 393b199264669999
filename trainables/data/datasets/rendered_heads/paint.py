"""Colour and noise functions of the renderer. Colours are linear RGB in [0, 1]."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainables.data.datasets.rendered_heads.head_mesh import Floats


def linear(srgb: npt.ArrayLike) -> Floats:
    """Return linear RGB in [0, 1] of 8-bit sRGB values."""
    colour: Floats = np.power(np.asarray(srgb, np.float32) / 255, np.float32(2.2))
    return colour


def smooth(low: float, high: float, value: Floats) -> Floats:
    """Return 0 below `low`, 1 above `high`, and a smooth step between."""
    t: Floats = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(first: Floats, second: Floats, share: Floats) -> Floats:
    """Return the colour `first` where `share` [N] is 0 and `second` where it is 1, each [N, 3] or [3]."""
    return first + (second - first) * share[:, None]


def draw_cloth_colour(rng: np.random.Generator) -> Floats:
    """Return a colour that cloth may have: dark, grey, white, or bright."""
    grey = rng.uniform(10, 235)
    return linear(np.clip(grey + rng.normal(0, rng.choice([6, 50]), 3), 4, 250))


class Waves:
    """Smooth noise in about [-1, 1] on points: a sum of plane waves.

    `per_dm` is the number of periods per decimetre; `stretch` weighs the axes: a small one makes fibres.
    """

    def __init__(
        self, rng: np.random.Generator, per_dm: float, count: int = 6, stretch: tuple[float, ...] = (1, 1, 1)
    ) -> None:
        directions = rng.normal(0, 1, (count, 3)) * np.array(stretch)
        self._waves = (directions * per_dm * 2 * np.pi / np.sqrt(3)).astype(np.float32)
        self._phases = rng.uniform(0, 2 * np.pi, count).astype(np.float32)

    def __call__(self, points: Floats) -> Floats:
        """Return the noise at points [N, 3]."""
        angles = self._waves @ points.T + self._phases[:, None]
        total: Floats = np.sin(angles, out=angles).sum(axis=0)
        return total * np.float32(1.8 / len(self._phases))
