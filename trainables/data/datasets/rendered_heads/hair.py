"""Hair styles: where hair grows, how thick it is, the shell of long hair, and its colour.

`rest` are positions on the base mesh, decimetres.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainables.data.datasets.rendered_heads.head_mesh import Floats
from trainables.data.datasets.rendered_heads.paint import Waves, draw_cloth_colour, linear, mix, smooth

TONES = (
    (16, 13, 12),
    (44, 28, 20),
    (84, 54, 34),
    (128, 86, 50),
    (196, 156, 96),
    (140, 62, 30),
    (150, 148, 146),
)
"""Black, dark, brown, light brown, blond, red, grey; 8-bit sRGB."""

HAIRLINE_DEG = (0, 25, 45, 62, 78, 92, 105, 120, 150, 180)
HAIRLINE_Y = (8.03, 8.0, 7.93, 7.68, 7.3, 7.28, 7.05, 6.75, 6.42, 6.38)
"""Height of the hairline by angle from the face's middle, about the axis x = 0, z = 0.5."""

STYLES = {
    "bald": (0.12, 0.02, 0.0, 0.0),
    "buzz": (0.2, 0.03, 0.0, 0.02),
    "short": (0.3, 0.1, 0.03, 0.1),
    "full": (0.14, 0.12, 0.12, 0.28),
    "curly": (0.1, 0.13, 0.2, 0.55),
    "long": (0.02, 0.25, 0.05, 0.12),
    "bob": (0.02, 0.18, 0.05, 0.14),
    "tied": (0.02, 0.1, 0.04, 0.1),
    "beanie": (0.08, 0.07, 0.06, 0.14),
}
"""Share of men and of women, and the least and the greatest thickness in decimetres."""


class Hair:
    """One person's hair, or the beanie over it."""

    def __init__(self, rng: np.random.Generator, male: float, old: float, dark_skin: bool) -> None:
        shares = np.array([male * men + (1 - male) * women for men, women, _, _ in STYLES.values()])
        self.style = list(STYLES)[rng.choice(len(STYLES), p=shares / shares.sum())]
        self.colour = _draw_colour(rng, old, dark_skin)
        self._volume_dm = rng.uniform(*STYLES[self.style][2:])
        self._lift_dm = 0.0 if self.style in ("bald", "buzz") else 0.02
        self._ends_y = rng.uniform(6.1, 6.7) if self.style == "bob" else rng.uniform(2.0, 5.6)
        self._fringe_y = rng.uniform(7.55, 7.8) if rng.random() < 0.35 else 9.0
        self._part_x = rng.uniform(-0.35, 0.35)
        self._height = rng.normal(0, 0.06)
        self._wool = draw_cloth_colour(rng)
        self._edge = Waves(rng, 2.5)
        self._strands = Waves(rng, 3.5, 8, (1.6, 0.25, 1.6))
        self._curls = Waves(rng, 1.6 if self.style == "curly" else 0.8)

    @property
    def shell(self) -> bool:
        """Whether the long-hair shell is worn."""
        return self.style in ("long", "bob")

    @property
    def brow(self) -> Floats:
        """The colour of brows and beard."""
        return (linear(TONES[1]) if self.style == "bald" else self.colour) * np.float32(0.75)

    def lift_dm(self, rest: Floats) -> Floats:
        """Return how far hair lifts the surface off the skin, [N]."""
        above = self._above_hairline(rest)
        full_at, bumps = (0.12, 0.04) if self.style == "beanie" else (0.45, 0.35)
        rise = smooth(-0.02, full_at, above) * (1 + bumps * self._curls(rest))
        lift: Floats = smooth(-0.03, 0.03, above) * (self._lift_dm + self._volume_dm * rise)
        return lift

    def in_shell(self, rest: Floats) -> npt.NDArray[np.bool_]:
        """Return where the long-hair shell is hair and not the gap that the face looks through, [N]."""
        ragged = 0.06 * self._strands(rest)
        x, y, z = rest.T
        opening = np.clip((8.2 + ragged - y) * 1.6, 0, 0.95 + ragged)
        beside_part = np.abs(x - self._part_x * (y > 7.4))
        face = (z > 0.5) & (beside_part < opening) & (y < self._fringe_y + ragged)
        hair: npt.NDArray[np.bool_] = ~face & (y > self._ends_y + 2 * ragged)
        return hair

    def strands(self, rest: Floats) -> Floats:
        """Return the colour of hair, [N, 3]."""
        light: Floats = np.clip(0.95 + 0.42 * self._strands(rest) + 0.2 * self._curls(rest), 0.35, 1.7)
        return self.colour * light[:, None]

    def cover(self, rest: Floats, skin: Floats, gloss: Floats) -> tuple[Floats, Floats]:
        """Return colour [N, 3] and gloss [N] of a scalp with its hair or beanie on."""
        above = self._above_hairline(rest)
        if self.style == "beanie":
            knit = 0.85 + 0.15 * np.sin(rest[:, 1] * 40) + 0.1 * (above < 0.3)
            return mix(skin, self._wool * knit[:, None], smooth(-0.01, 0.01, above)), gloss * (above < 0)
        density = {"bald": 0.06, "buzz": 0.6}.get(self.style, 1.0)
        ears = (np.abs(rest[:, 0]) > 0.84) & (rest[:, 1] < 7.42)
        share = density * smooth(-0.05, 0.05, above) * ~ears
        return mix(skin, self.strands(rest), share), gloss * (1 - share) + 0.08 * share

    def _above_hairline(self, rest: Floats) -> Floats:
        if self.style == "beanie":
            line = np.maximum(7.15 + 0.45 * smooth(0.2, 1.2, rest[:, 2]), _hairline(rest))
        else:
            line = _hairline(rest) + self._height + 0.06 * self._edge(rest)
        above: Floats = rest[:, 1] - line
        return above


def _hairline(rest: Floats) -> Floats:
    around = np.degrees(np.abs(np.arctan2(rest[:, 0], rest[:, 2] - 0.5)))
    line: Floats = np.interp(around, HAIRLINE_DEG, HAIRLINE_Y).astype(np.float32)
    return line


def _draw_colour(rng: np.random.Generator, old: float, dark_skin: bool) -> Floats:
    if rng.random() < 0.04:
        return linear(rng.uniform(20, 200, 3))  # dyed
    shares = [0.85 if dark_skin else 0.35, 0.3, 0.2, 0.14, 0.12, 0.05, 0.05 + 0.7 * max(0.0, old - 0.4)]
    tone = rng.choice(len(TONES), p=np.array(shares) / sum(shares))
    return linear(TONES[tone]) * np.float32(rng.uniform(0.75, 1.3))
