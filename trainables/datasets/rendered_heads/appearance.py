"""How somebody looks: skin, hair, beard, eyes and clothes, drawn once a person and painted on what rays hit.

All paint is a function of the rest position on the base mesh (`rest`, decimetres), so it sticks to the face
whatever its shape, expression and pose. Colours are linear RGB in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainables.datasets.rendered_heads.head import (
    GLASSES,
    HAIR,
    LASHES,
    LEFT_EYE,
    RIGHT_EYE,
    SKIN,
    TEETH,
    Floats,
    HeadModel,
    Identity,
)
from trainables.datasets.rendered_heads.scene import Hits

SKIN_TONES = ((250, 224, 206), (236, 198, 172), (210, 160, 126), (170, 118, 84), (115, 74, 52), (66, 43, 32))
HAIR_TONES = (
    (16, 13, 12),
    (44, 28, 20),
    (84, 54, 34),
    (128, 86, 50),
    (196, 156, 96),
    (140, 62, 30),
    (150, 148, 146),
)
IRIS_TONES = ((58, 34, 20), (92, 58, 30), (96, 92, 50), (74, 104, 88), (84, 122, 158), (110, 118, 124))

HAIRLINE_DEG = (0, 25, 45, 62, 78, 92, 105, 120, 150, 180)
HAIRLINE_Y = (8.03, 8.0, 7.93, 7.68, 7.3, 7.28, 7.05, 6.75, 6.42, 6.38)
"""Height of the hairline on the base mesh by angle from the face's middle, about the axis x = 0, z = 0.5."""

STYLES = ("bald", "buzz", "short", "full", "curly", "long", "bob", "tied", "beanie")
STYLE_SHARES_MALE = (0.12, 0.2, 0.3, 0.14, 0.1, 0.02, 0.02, 0.02, 0.08)
STYLE_SHARES_FEMALE = (0.02, 0.03, 0.1, 0.12, 0.13, 0.25, 0.18, 0.1, 0.07)


def linear(srgb: npt.ArrayLike) -> Floats:
    """Return linear RGB in [0, 1] of 8-bit sRGB values."""
    return np.power(np.asarray(srgb, np.float32) / 255, 2.2)


def smooth(low: float, high: float, value: Floats) -> Floats:
    """Return 0 below `low`, 1 above `high`, and a smooth step between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(a: Floats, b: Floats, share: Floats) -> Floats:
    """Return `a` where `share` [N] is 0 and `b` where it is 1, for colours [N, 3]."""
    return a + (b - a) * share[:, None]


class Waves:
    """Smooth noise in about [-1, 1] on points: a sum of random plane waves."""

    def __init__(
        self, rng: np.random.Generator, per_dm: float, count: int = 6, stretch: tuple[float, ...] = (1, 1, 1)
    ):
        directions = rng.normal(0, 1, (count, 3)) * np.array(stretch)
        self._waves = (directions * per_dm * 2 * np.pi / np.sqrt(3)).astype(np.float32)
        self._phases = rng.uniform(0, 2 * np.pi, count).astype(np.float32)

    def __call__(self, points: Floats) -> Floats:
        """Return the noise at points [N, 3]."""
        angles = self._waves @ points.T + self._phases[:, None]
        total: Floats = np.sin(angles, out=angles).sum(axis=0)
        return total * np.float32(1.8 / len(self._phases))


def around(rest: Floats) -> Floats:
    """Return the angle in degrees from the face's middle, about the head's upright axis, [N]."""
    return np.degrees(np.abs(np.arctan2(rest[:, 0], rest[:, 2] - 0.5)))


@dataclass(frozen=True)
class Hair:
    """A haircut. `volume_dm` is its thickness; `ends_y` is how low the long shell reaches; `fringe_y` its front."""

    style: str
    colour: Floats
    lift_dm: float
    volume_dm: float
    ends_y: float
    fringe_y: float
    part_x: float

    @property
    def shell(self) -> bool:
        """Whether the long-hair shell is worn."""
        return self.style in ("long", "bob")


class Appearance:
    """One person's looks, and the paint for whatever a ray hits."""

    def __init__(self, rng: np.random.Generator, model: HeadModel, identity: Identity) -> None:
        self._model = model
        male, old = identity.share("male"), identity.share("old")
        self.skin = _skin(rng, identity)
        self.hair = _hair(rng, male, old, float(self.skin.mean()))
        self._lip = _lip(rng, self.skin, male)
        self._blush = rng.uniform(0, 0.35)
        self._freckles = max(0.0, rng.normal(-0.2, 0.5))
        self._mottle = rng.uniform(0.02, 0.09) + 0.05 * old
        self._gloss = rng.uniform(0.03, 0.16)
        self._brow = (
            rng.uniform(0.35, 1.0),
            rng.uniform(0.026, 0.05),
            rng.normal(0, 0.02),
            rng.normal(0, 0.25),
        )
        self._liner = rng.uniform(0.2, 0.9) * (rng.random() < 0.5 * (1 - male) + 0.05)
        self._lash = self.skin * 0.35 * male + linear((24, 18, 16)) * (1 - male)
        self._beard = rng.uniform(0.25, 1.0) if rng.random() < 0.55 * male**2 else 0.0
        self._beard_kind = str(rng.choice(["stubble", "full", "moustache", "goatee"]))
        self._iris = linear(IRIS_TONES[rng.integers(len(IRIS_TONES))]) * rng.uniform(0.5, 1.0)
        self._iris_rad, self._pupil_rad = np.radians([rng.uniform(25, 29), rng.uniform(8, 14)])
        self._cloth = _vivid(rng), _vivid(rng), rng.integers(4), rng.uniform(2, 7)
        self._collar_y = rng.uniform(5.25, 5.95)
        self._fine, self._broad = Waves(rng, 2.5, 8), Waves(rng, 0.7)
        self._spots, self._strands = Waves(rng, 7.0, 8), Waves(rng, 3.5, 8, (1.6, 0.25, 1.6))
        self._curls = Waves(rng, 1.6 if self.hair.style == "curly" else 0.8, 6)
        self._frame = linear(rng.integers(8, 90, 3)) if rng.random() < 0.22 else None

    @property
    def glasses(self) -> bool:
        """Whether the person wears glasses."""
        return self._frame is not None

    def hair_lift(self, rest: Floats) -> Floats:
        """Return how far hair lifts the surface off the skin at rest positions, decimetres, [N]."""
        above = self._above_hairline(rest)
        rise = smooth(-0.02, 0.45 if self.hair.style != "beanie" else 0.12, above)
        bumps = 1 + (0.35 if self.hair.style != "beanie" else 0.04) * self._curls(rest)
        return smooth(-0.03, 0.03, above) * (self.hair.lift_dm + self.hair.volume_dm * rise * bumps)

    def in_shell(self, rest: Floats) -> npt.NDArray[np.bool_]:
        """Return where the long-hair shell is hair and not the gap that the face looks through, [N]."""
        ragged = 0.06 * self._strands(rest)
        x, y, z = rest.T
        opening = np.clip((8.2 + ragged - y) * 1.6, 0, 0.95 + ragged)
        face = (
            (z > 0.55)
            & (np.abs(x - self.hair.part_x * (y > 7.4)) < opening)
            & (y < self.hair.fringe_y + ragged)
        )
        return ~face & (y > self.hair.ends_y + 2 * ragged)

    def paint(self, hits: Hits, eye_angle: Floats) -> tuple[Floats, Floats, Floats]:
        """Return colour [N, 3], strength of the highlight [N] and its sharpness [N] for hits.

        `eye_angle` is the angle between each hit on an eyeball and where that eye looks, radians.
        """
        count = len(hits.material)
        colour, gloss, sharp = (
            np.zeros((count, 3), np.float32),
            np.zeros(count, np.float32),
            np.full(count, 12.0, np.float32),
        )
        skin = np.flatnonzero(hits.material == SKIN)
        colour[skin], gloss[skin] = self._paint_skin(hits.rest[skin], hits.uv[skin])
        eyes = np.flatnonzero((hits.material == LEFT_EYE) | (hits.material == RIGHT_EYE))
        colour[eyes], gloss[eyes], sharp[eyes] = self._paint_eye(eye_angle[eyes]), 0.7, 90.0
        shell = np.flatnonzero(hits.material == HAIR)
        colour[shell], gloss[shell] = self._paint_hair(hits.rest[shell]), 0.12
        colour[hits.material == TEETH] = linear((225, 215, 195))
        colour[hits.material == LASHES] = self._lash
        if self._frame is not None:
            frame = hits.material == GLASSES
            colour[frame], gloss[frame], sharp[frame] = self._frame, 0.5, 40.0
        return colour, gloss, sharp

    def _above_hairline(self, rest: Floats) -> Floats:
        line = np.interp(around(rest), HAIRLINE_DEG, HAIRLINE_Y).astype(np.float32)
        if self.hair.style == "beanie":
            line = np.maximum(line, 7.15 + 0.45 * smooth(0.2, 1.2, rest[:, 2]))
        else:
            line = line + self.hair.part_x * 0.2 + 0.06 * self._fine(rest)
        return (rest[:, 1] - line).astype(np.float32)

    def _paint_skin(self, rest: Floats, uv: Floats) -> tuple[Floats, Floats]:
        x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
        lips, lids, ears = (self._model.mask(name, uv) for name in ("lips", "eyelids", "ears"))
        colour = self.skin * (1 + self._mottle * (self._fine(rest) + self._broad(rest)))[:, None]
        cheeks = np.exp(-(((x - 0.48) / 0.22) ** 2) - ((y - 6.95) / 0.22) ** 2) * (z > 0.8)
        nose = np.exp(-((x / 0.14) ** 2) - ((y - 6.92) / 0.14) ** 2 - ((z - 1.65) / 0.25) ** 2)
        red = self.skin * np.array([1.02, 0.72, 0.68], np.float32)
        colour = mix(
            colour,
            np.broadcast_to(red, colour.shape),
            np.clip(self._blush * (cheeks + nose) + 0.3 * ears, 0, 1),
        )
        colour = mix(
            colour,
            colour * 0.62,
            self._freckles * smooth(0.35, 0.7, self._spots(rest)) * (z > 0.7) * (y < 7.5),
        )
        colour = mix(
            colour,
            colour * np.array([0.82, 0.7, 0.68], np.float32),
            0.6 * lids + self._liner * smooth(0.3, 0.9, lids),
        )
        colour = mix(colour, np.broadcast_to(self._lip, colour.shape), smooth(0.2, 0.7, lips))
        mouth = (uv[:, 1] < 0.145) & (uv[:, 0] > 0.7)  # the texture island of the mouth's inside
        colour[mouth] = linear((92, 30, 30))
        gloss = self._gloss * (1 + 2 * lips)
        tint = self.hair.colour if self.hair.style != "bald" else linear(HAIR_TONES[1])
        dark = np.broadcast_to(tint * 0.75, colour.shape)
        colour = mix(colour, dark, self._brows(x, y, z))
        colour = mix(colour, dark, self._beards(rest, lips))
        colour, gloss = self._paint_scalp(rest, colour, gloss)
        cloth = smooth(-0.015, 0.015, self._collar_y - 0.25 * smooth(0.3, 1.0, z) * (x < 0.6) - y)
        return mix(colour, self._paint_cloth(rest), cloth), gloss * (1 - cloth)

    def _brows(self, x: Floats, y: Floats, z: Floats) -> Floats:
        strength, half, lower, tilt = self._brow
        middle = (
            7.545
            + lower
            + 0.06 * np.sin(np.clip((x - 0.12) / 0.4, 0, 1) * np.pi * 0.75)
            + tilt * 0.12 * (x - 0.3)
        )
        ends = smooth(0.10, 0.17, x) * (1 - smooth(0.45, 0.58, x))
        return strength * ends * (z > 0.9) * (1 - smooth(half * 0.5, half * 1.2, np.abs(y - middle)))

    def _beards(self, rest: Floats, lips: Floats) -> Floats:
        if not self._beard:
            return np.zeros(len(rest), np.float32)
        x, y, z = np.abs(rest[:, 0]), rest[:, 1], rest[:, 2]
        moustache = (1 - smooth(0.2, 0.3, x)) * smooth(6.64, 6.68, y) * (1 - smooth(6.76, 6.8, y)) * (z > 1.2)
        chin = (1 - smooth(0.16, 0.26, x)) * (1 - smooth(6.42, 6.5, y)) * (z > 0.9)
        jaw = (1 - smooth(6.72, 6.95, y - 0.35 * smooth(0.45, 0.8, x))) * smooth(5.9, 6.1, y) * (z > 0.35)
        round_mouth = np.exp(-((x / 0.3) ** 4) - ((y - 6.64) / 0.11) ** 4)
        kinds = {
            "stubble": 0.45 * np.maximum(jaw * (1 - 0.8 * round_mouth), moustache),
            "full": np.maximum(jaw * (1 - round_mouth), moustache),
            "moustache": moustache,
            "goatee": np.maximum(chin, moustache),
        }
        grain = np.clip(0.8 + 0.35 * self._spots(rest), 0, 1)
        return np.clip(
            self._beard * kinds[self._beard_kind] * grain * (1 - lips) * smooth(5.9, 6.12, y), 0, 1
        )

    def _paint_scalp(self, rest: Floats, colour: Floats, gloss: Floats) -> tuple[Floats, Floats]:
        above = self._above_hairline(rest)
        if self.hair.style == "beanie":
            knit = 0.85 + 0.15 * np.sin(rest[:, 1] * 40) + 0.1 * (above < 0.3)
            wool = self._cloth[1] * knit[:, None]
            return mix(colour, wool.astype(np.float32), smooth(-0.01, 0.01, above)), gloss * (above < 0)
        cover = {"bald": 0.06, "buzz": 0.6}.get(self.hair.style, 1.0)
        ears = (np.abs(rest[:, 0]) > 0.84) & (rest[:, 1] < 7.42)
        share = cover * smooth(-0.05, 0.05, above) * ~ears
        return mix(colour, self._paint_hair(rest), share), gloss * (1 - share) + 0.08 * share

    def _paint_hair(self, rest: Floats) -> Floats:
        strands = np.clip(0.95 + 0.42 * self._strands(rest) + 0.2 * self._curls(rest), 0.35, 1.7)
        return (self.hair.colour * strands[:, None]).astype(np.float32)

    def _paint_cloth(self, rest: Floats) -> Floats:
        first, second, pattern, per_dm = self._cloth
        wave = {0: 0 * rest[:, 1], 1: rest[:, 1], 2: rest[:, 0], 3: rest[:, 0] + rest[:, 1]}[int(pattern)]
        stripes = smooth(0.2, 0.6, np.sin(wave * per_dm * 2 * np.pi))
        return mix(np.broadcast_to(first, (len(rest), 3)), second, stripes).astype(np.float32)

    def _paint_eye(self, angle: Floats) -> Floats:
        white = np.broadcast_to(linear((212, 204, 198)), (len(angle), 3))
        ring = self._iris * (1.15 - 0.75 * smooth(0.55, 1.0, angle / self._iris_rad))[:, None]
        colour = mix(ring, white, smooth(0.94, 1.06, angle / self._iris_rad))
        return mix(np.full_like(colour, 0.004), colour, smooth(0.85, 1.15, angle / self._pupil_rad))


def _skin(rng: np.random.Generator, identity: Identity) -> Floats:
    centre = (
        0.8 * identity.share("african") + 0.32 * identity.share("asian") + 0.18 * identity.share("caucasian")
    )
    melanin = np.clip(rng.normal(centre, 0.16), 0, 1) if rng.random() < 0.75 else rng.uniform(0, 1)
    at = np.linspace(0, 1, len(SKIN_TONES))
    tone = [np.interp(melanin, at, channel) for channel in np.transpose(SKIN_TONES)]
    return linear(tone) * np.clip(rng.normal(1, [0.05, 0.03, 0.06]), 0.85, 1.15).astype(np.float32)


def _lip(rng: np.random.Generator, skin: Floats, male: float) -> Floats:
    if rng.random() < 0.45 * (1 - male):
        return linear((rng.uniform(120, 215), rng.uniform(20, 90), rng.uniform(40, 100)))
    return skin * np.array([0.85, 0.55, 0.56], np.float32) * np.float32(rng.uniform(0.85, 1.1))


def _vivid(rng: np.random.Generator) -> Floats:
    """Return a cloth colour: dark, grey, white or bright."""
    grey = rng.uniform(10, 235)
    return linear(np.clip(grey + rng.normal(0, rng.choice([6, 60]), 3), 4, 250))


def _hair(rng: np.random.Generator, male: float, old: float, skin: float) -> Hair:
    shares = male * np.array(STYLE_SHARES_MALE) + (1 - male) * np.array(STYLE_SHARES_FEMALE)
    style = str(rng.choice(STYLES, p=shares / shares.sum()))
    dark = 0.35 + 0.5 * (skin < 0.25)
    tone = rng.choice(
        len(HAIR_TONES), p=_normalised([dark, 0.3, 0.2, 0.14, 0.12, 0.05, 0.05 + 0.7 * max(0.0, old - 0.4)])
    )
    colour = linear(HAIR_TONES[tone]) * rng.uniform(0.75, 1.3)
    if rng.random() < 0.04:
        colour = linear(rng.uniform(20, 200, 3))
    low, high = {
        "bald": (0, 0), "buzz": (0.0, 0.02), "short": (0.03, 0.1), "full": (0.12, 0.28), "curly": (0.2, 0.55),
        "long": (0.05, 0.12), "bob": (0.05, 0.14), "tied": (0.04, 0.1), "beanie": (0.06, 0.14),
    }[style]  # fmt: skip
    return Hair(
        style=style,
        colour=colour.astype(np.float32),
        lift_dm=0.0 if style in ("bald", "buzz") else 0.02,
        volume_dm=float(rng.uniform(low, high)),
        ends_y=float(rng.uniform(6.1, 6.7) if style == "bob" else rng.uniform(2.0, 5.6)),
        fringe_y=float(rng.uniform(7.55, 7.8) if rng.random() < 0.35 else 9.0),
        part_x=float(rng.uniform(-0.35, 0.35)),
    )


def _normalised(shares: list[float]) -> npt.NDArray[np.float64]:
    return np.array(shares) / sum(shares)
