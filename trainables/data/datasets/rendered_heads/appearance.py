"""The appearance of a person, drawn once per person: colours of skin, beard, eyes and clothes where rays hit.

All colours are functions of the position on the base mesh (`rest`, decimetres), so they stay in place on the
face whatever its shape, expression and pose.
"""

from __future__ import annotations

import numpy as np

from trainables.data.datasets.rendered_heads.hair import Hair
from trainables.data.datasets.rendered_heads.head_mesh import (
    GLASSES,
    HAIR,
    LASHES,
    LEFT_EYE,
    RIGHT_EYE,
    SKIN,
    TEETH,
    Floats,
    Identity,
)
from trainables.data.datasets.rendered_heads.paint import Waves, draw_cloth_colour, linear, mix, smooth
from trainables.data.datasets.rendered_heads.scene import Hits

SKIN_TONES = ((250, 224, 206), (236, 198, 172), (210, 160, 126), (170, 118, 84), (115, 74, 52), (66, 43, 32))
"""From the least melanin to the most, evenly spaced; 8-bit sRGB."""

IRIS_TONES = ((58, 34, 20), (92, 58, 30), (96, 92, 50), (74, 104, 88), (84, 122, 158), (110, 118, 124))
"""Dark brown, brown, hazel, green, blue, grey; 8-bit sRGB."""

LID = np.array([0.82, 0.7, 0.68], np.float32)
"""Factors on the skin's colour at the eyelids, for their skin and make-up."""

RED = np.array([1.02, 0.72, 0.68], np.float32)
"""Factors on the skin's colour where more blood shows."""


class Appearance:
    """One person's appearance: the colour and gloss of any point of the mesh."""

    def __init__(self, rng: np.random.Generator, identity: Identity) -> None:
        male, old = identity.share("male"), identity.share("old")
        self.skin = _draw_skin(rng, identity)
        self.hair = Hair(rng, male, old, dark_skin=bool(self.skin.mean() < 0.25))
        self._lip = _draw_lip(rng, self.skin, male)
        self._blush = rng.uniform(0, 0.35)
        self._freckles = max(0.0, rng.normal(-0.2, 0.5))
        self._mottle = rng.uniform(0.01, 0.06) + 0.03 * old
        self._gloss = rng.uniform(0.03, 0.16)
        self._brow_strength, self._brow_half = rng.uniform(0.35, 1.0), rng.uniform(0.026, 0.05)
        self._brow_y, self._brow_tilt = rng.normal(7.545, 0.02), rng.normal(-0.012, 0.015)
        self._liner = rng.uniform(0.2, 0.9) if rng.random() < 0.05 + 0.5 * (1 - male) else 0.0
        self._lash = self.skin * 0.35 * male + linear((24, 18, 16)) * (1 - male)
        self._beard = rng.uniform(0.25, 1.0) if rng.random() < 0.55 * male**2 else 0.0
        self._beard_kind = str(rng.choice(["stubble", "full", "moustache", "goatee"]))
        brown = rng.random() < 0.5 + identity.share("african") + identity.share("asian")
        self._iris = linear(IRIS_TONES[rng.integers(2 if brown else 6)]) * np.float32(rng.uniform(0.5, 1.0))
        self._iris_rad, self._pupil_rad = np.radians([rng.uniform(25, 29), rng.uniform(8, 14)])
        self._cloth = draw_cloth_colour(rng), draw_cloth_colour(rng)
        stripes = ((0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0))
        self._stripe = np.array(stripes[rng.integers(4)], np.float32) * np.float32(rng.uniform(2, 7))
        self._collar_y = rng.uniform(5.25, 5.95)
        self._fine, self._broad, self._spots = Waves(rng, 2.5, 8), Waves(rng, 0.7), Waves(rng, 7.0, 8)
        self._frame = linear(rng.integers(8, 90, 3)) if rng.random() < 0.22 else None

    @property
    def glasses(self) -> bool:
        """Whether the person wears glasses."""
        return self._frame is not None

    def paint(self, hits: Hits, eye_angle: Floats) -> tuple[Floats, Floats, Floats]:
        """Return colour [N, 3], strength of the highlight [N] and its sharpness [N] for hits.

        `eye_angle` is the angle between each hit on an eyeball and where that eye looks, radians.
        """
        count = len(hits.material)
        colour, gloss = np.zeros((count, 3), np.float32), np.zeros(count, np.float32)
        sharp = np.full(count, 12.0, np.float32)
        skin = np.flatnonzero(hits.material == SKIN)
        colour[skin], gloss[skin] = self._paint_skin(hits.rest[skin], hits.regions[skin])
        eyes = np.flatnonzero((hits.material == LEFT_EYE) | (hits.material == RIGHT_EYE))
        colour[eyes], gloss[eyes], sharp[eyes] = self._paint_eye(eye_angle[eyes]), 0.7, 90.0
        shell = np.flatnonzero(hits.material == HAIR)
        colour[shell], gloss[shell] = self.hair.strands(hits.rest[shell]), 0.12
        colour[hits.material == TEETH] = linear((225, 215, 195))
        colour[hits.material == LASHES] = self._lash
        if self._frame is not None:
            frame = hits.material == GLASSES
            colour[frame], gloss[frame], sharp[frame] = self._frame, 0.5, 40.0
        return colour, gloss, sharp

    def _paint_skin(self, rest: Floats, regions: Floats) -> tuple[Floats, Floats]:
        x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
        lips, lids, ears, inside = regions.T
        colour: Floats = self.skin * (1 + self._mottle * (self._fine(rest) + self._broad(rest)))[:, None]
        cheeks = np.exp(-(((x - 0.48) / 0.22) ** 2) - ((y - 6.95) / 0.22) ** 2) * (z > 0.8)
        nose = np.exp(-((x / 0.14) ** 2) - ((y - 6.92) / 0.14) ** 2 - ((z - 1.65) / 0.25) ** 2)
        colour = mix(colour, self.skin * RED, np.clip(self._blush * (cheeks + nose) + 0.3 * ears, 0, 1))
        freckled = self._freckles * smooth(0.35, 0.7, self._spots(rest)) * cheeks
        colour = mix(colour, colour * np.float32(0.7), np.clip(freckled, 0, 1))
        shadow = 0.6 * lids + self._liner * smooth(0.3, 0.9, lids)
        colour = mix(colour, colour * LID, shadow)
        colour = mix(colour, self._lip, smooth(0.2, 0.7, lips))
        colour[inside > 0.5] = linear((92, 30, 30))
        colour = mix(colour, self.hair.brow, self._brows(x, y, z))
        colour = mix(colour, self.hair.brow, self._beards(x, y, z, rest, lips))
        colour, gloss = self.hair.cover(rest, colour, self._gloss * (1 + 2 * lips))
        neckline = self._collar_y - 0.25 * smooth(0.3, 1.0, z) * (x < 0.6)
        cloth = smooth(-0.015, 0.015, neckline - y)
        return mix(colour, self._paint_cloth(rest), cloth), gloss * (1 - cloth)

    def _brows(self, x: Floats, y: Floats, z: Floats) -> Floats:
        along = np.clip((x - 0.12) / 0.4, 0, 1)
        middle = self._brow_y + 0.06 * np.sin(along * np.pi * 0.75) + self._brow_tilt * (x - 0.3) / 0.1
        ends = smooth(0.10, 0.17, x) * (1 - smooth(0.45, 0.58, x)) * (z > 0.9)
        across = smooth(self._brow_half * 0.5, self._brow_half * 1.2, np.abs(y - middle))
        return self._brow_strength * ends * (1 - across)

    def _beards(self, x: Floats, y: Floats, z: Floats, rest: Floats, lips: Floats) -> Floats:
        if not self._beard:
            return np.zeros(len(rest), np.float32)
        moustache = (1 - smooth(0.2, 0.3, x)) * smooth(6.64, 6.68, y) * (1 - smooth(6.76, 6.8, y)) * (z > 1.2)
        chin = (1 - smooth(0.16, 0.26, x)) * (1 - smooth(6.42, 6.5, y)) * (z > 0.9)
        jaw = (1 - smooth(6.72, 6.95, y - 0.35 * smooth(0.45, 0.8, x))) * smooth(5.9, 6.1, y) * (z > 0.35)
        mouth = np.exp(-((x / 0.3) ** 4) - ((y - 6.64) / 0.11) ** 4)
        grown = {
            "stubble": 0.45 * np.maximum(jaw * (1 - 0.8 * mouth), moustache),
            "full": np.maximum(jaw * (1 - mouth), moustache),
            "moustache": moustache,
            "goatee": np.maximum(chin, moustache),
        }[self._beard_kind]
        grain = np.clip(0.8 + 0.35 * self._spots(rest), 0, 1)
        covered: Floats = np.clip(self._beard * grown * grain * (1 - lips) * smooth(5.9, 6.12, y), 0, 1)
        return covered

    def _paint_cloth(self, rest: Floats) -> Floats:
        stripes = smooth(0.2, 0.6, np.sin(rest @ self._stripe * 2 * np.pi))
        return mix(self._cloth[0], self._cloth[1], stripes)

    def _paint_eye(self, angle: Floats) -> Floats:
        out = angle / self._iris_rad
        colour = mix(
            self._iris * (1.15 - 0.75 * smooth(0.55, 1.0, out))[:, None], EYE_WHITE, smooth(0.94, 1.06, out)
        )
        return mix(PUPIL, colour, smooth(0.85, 1.15, angle / self._pupil_rad))


EYE_WHITE = linear((212, 204, 198))
PUPIL = np.full(3, 0.004, np.float32)


def _draw_skin(rng: np.random.Generator, identity: Identity) -> Floats:
    centres = {"african": 0.8, "asian": 0.32, "caucasian": 0.18}
    centre = sum(melanin * identity.share(race) for race, melanin in centres.items())
    melanin = np.clip(rng.normal(centre, 0.16), 0, 1) if rng.random() < 0.75 else rng.uniform(0, 1)
    at = np.linspace(0, 1, len(SKIN_TONES))
    tone = [np.interp(melanin, at, channel) for channel in np.transpose(SKIN_TONES)]
    jitter: Floats = np.clip(rng.normal(1, [0.05, 0.03, 0.06]), 0.85, 1.15).astype(np.float32)
    return linear(tone) * jitter


def _draw_lip(rng: np.random.Generator, skin: Floats, male: float) -> Floats:
    if rng.random() < 0.45 * (1 - male):
        return linear((rng.uniform(120, 215), rng.uniform(20, 90), rng.uniform(40, 100)))
    return skin * np.array([0.85, 0.55, 0.56], np.float32) * np.float32(rng.uniform(0.85, 1.1))
