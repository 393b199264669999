"""The parametric head model: identity and expression as vertices of a mesh.

Lengths are decimetres in the head's frame: x to the subject's left, y up, z out of the face. `head_cc0.npz`
is CC0 (licence beside it): a mesh from MakeHuman with 304 identity and 34 expression modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
"""32-bit throughout; typed loosely because a type checker cannot follow numpy's promotions."""

Ints = npt.NDArray[np.int32]

MODEL_FILE = Path(__file__).parent / "head_cc0.npz"

SKIN, LEFT_EYE, RIGHT_EYE, HAIR, TEETH, LASHES, GLASSES = range(7)
"""Materials of the mesh; `GLASSES` are added by the renderer."""

SOCKETS_U = 0.16
"""Skin left of this in texture space lines the sockets behind the eyeballs, which no ray reaches."""

SHOULDERS_Y = 5.5
"""The mesh's rim below this height is where the shoulders are cut."""

OPPOSITES = {
    "incr": "decr",
    "up": "down",
    "out": "in",
    "forward": "backward",
    "convex": "concave",
    "uncompress": "compress",
}
SPREAD = {
    "head": 0.4,
    "eyes": 0.45,
    "nose": 0.5,
    "mouth": 0.42,
    "ears": 0.4,
    "chin": 0.45,
    "cheek": 0.4,
    "forehead": 0.25,
    "eyebrows": 0.4,
    "neck": 0.2,
}
"""Standard deviation of a feature's weight by group; weight 1 is the model's extreme."""

LATERAL = ("nose-trans", "mouth-trans", "neck-trans")
"""Features whose `in` and `out` push to one side of the face: crooked, so kept small."""


def unit(vectors: Floats) -> Floats:
    """Return vectors [N, 3] at length 1; a zero vector stays zero."""
    length = np.sqrt(np.einsum("nc,nc->n", vectors, vectors))
    scaled: Floats = vectors / (length + np.float32(1e-9))[:, None]
    return scaled


def vertex_normals(vertices: Floats, triangles: Ints, welded: npt.NDArray[np.int64]) -> Floats:
    """Return unit normals [V, 3]; vertices with one number in `welded` [V] share theirs."""
    corners = vertices[triangles]
    (ax, ay, az), (bx, by, bz) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    face = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    ids, count = welded[triangles].ravel(), welded.max() + 1
    total = np.stack([np.bincount(ids, np.repeat(part, 3), count) for part in face], axis=1)
    return unit(total[welded].astype(np.float32))


@dataclass(frozen=True)
class Identity:
    """One person's shape. `macro` are the weights of race, sex and age; `vertices` [V, 3] are at rest."""

    vertices: Floats
    macro: dict[str, float]

    def share(self, word: str) -> float:
        """Return how much of the macro mix carries `word`, e.g. `male` or `old`, in [0, 1]."""
        return sum(weight for name, weight in self.macro.items() if word in name.split("-"))


class HeadModel:
    """The mesh and its modes, from which people are drawn."""

    def __init__(self, file: Path = MODEL_FILE) -> None:
        with np.load(file) as data:
            names = [str(name) for name in data["names"]]
            seen = (data["tri_mat"] != SKIN) | (data["uv"][data["tri"][:, 0], 0] > SOCKETS_U)
            triangles = data["tri"][seen].astype(np.int32)
            material = data["tri_mat"][seen].astype(np.int32)
            welded = _weld(data["src_vertex"].astype(np.int64), triangles, material)
            rim = _open_edges(welded[triangles[material == SKIN]], triangles[material == SKIN])
            rim = rim[data["base"][rim, 1].max(axis=1) < SHOULDERS_Y]
            source, skirt = _skirt(len(welded), rim)
            self.base: Floats = data["base"][source]
            self.base[len(welded) :, 1] -= 3.0
            uv = data["uv"].astype(np.float32)[source]
            painted = [_painted(data[f"uvmask_{name}"], uv) for name in ("lips", "eyelids", "ears")]
            self.regions: Floats = np.stack([*painted, _inside_mouth(uv)], axis=1)
            self._delta = data["delta"][:, source].astype(np.float32) * data["scale"][:, None, None]
        self.triangles: Ints = np.concatenate([triangles, skirt])
        self.material: Ints = np.concatenate([material, np.full(len(skirt), SKIN, np.int32)])
        self.welded = np.concatenate([welded, welded.max() + 1 + np.arange(len(self.base) - len(welded))])
        self.mode = {name: index for index, name in enumerate(names)}

    @cached_property
    def skin(self) -> npt.NDArray[np.bool_]:
        """Which vertices belong to skin, [V]."""
        return np.isin(np.arange(len(self.base)), self.triangles[self.material == SKIN])

    def vertices_of(self, material: int) -> Ints:
        """Return the indices of a material's vertices."""
        return np.unique(self.triangles[self.material == material])

    def identity(self, rng: np.random.Generator) -> Identity:
        """Draw a person: a convex mix of race, sex and age, then every feature within its limits."""
        macro = _macro(rng)
        weights = {f"macro/{name}": weight for name, weight in macro.items()}
        weights |= self._build(rng, macro) | self._features(rng)
        vertices = self.base + self.displacement(weights)
        return Identity(self._aligned(vertices), macro)

    def displacement(self, weights: dict[str, float]) -> Floats:
        """Return the sum of the named modes at their weights, [V, 3].

        Summed mode by mode in a fixed order: the same bytes whatever number of threads a BLAS would use.
        """
        total, part = np.zeros_like(self.base), np.empty_like(self.base)
        for name, weight in weights.items():
            if weight:
                total += np.multiply(self._delta[self.mode[name]], np.float32(weight), out=part)
        return total

    def _features(self, rng: np.random.Generator) -> dict[str, float]:
        """Draw each feature once: opposite modes share one signed value, the two sides nearly one value."""
        drawn: dict[str, float] = {}
        weights: dict[str, float] = {}
        for name in self.mode:
            group, _, mode = name.partition("/")
            if group not in SPREAD:
                continue
            feature, sign = _feature_of(mode.removeprefix("l-").removeprefix("r-"))
            spread = SPREAD[group] * (0.2 if feature in LATERAL and mode.endswith(("-in", "-out")) else 1.0)
            if feature not in drawn:
                drawn[feature] = float(np.clip(rng.normal(0, spread), -1, 1)) * (1 if sign else 0.6)
            value = drawn[feature]
            if mode.startswith(("l-", "r-")):
                value += float(rng.normal(0, 0.05))
            weights[name] = max(0.0, value * (sign or 1))
        return weights

    def _build(self, rng: np.random.Generator, macro: dict[str, float]) -> dict[str, float]:
        heavy = float(np.clip(rng.normal(0, 0.6), -1, 1))
        end = "maxweight" if heavy > 0 else "minweight"
        weights: dict[str, float] = {}
        for name, weight in macro.items():
            _, sex, age = name.split("-")
            key = f"build/universal-{sex}-{age}-averagemuscle-{end}"
            weights[key] = weights.get(key, 0.0) + weight * abs(heavy)
        return weights

    def _aligned(self, vertices: Floats) -> Floats:
        """Turn and shift the person so that the face looks where the base mesh's face looks.

        Stature and posture are part of the macro modes; without this they would leak into the pose.
        """
        face = self.skin & (self.base[:, 1] > 6.2) & (self.base[:, 2] > 0.6)
        target, moved = self.base[face], vertices[face]
        target_mean, moved_mean = target.mean(0), moved.mean(0)
        covariance = np.einsum("na,nb->ab", moved - moved_mean, target - target_mean).astype(np.float64)
        left, _, right = np.linalg.svd(covariance)
        flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(right.T @ left.T))])
        turn = (right.T @ flip @ left.T).astype(np.float32)
        aligned: Floats = (vertices - moved_mean) @ turn.T + target_mean
        return aligned


def _macro(rng: np.random.Generator) -> dict[str, float]:
    races = dict(zip(("african", "asian", "caucasian"), rng.dirichlet([0.35] * 3), strict=True))
    male, old = rng.beta(0.35, 0.35), rng.beta(0.8, 1.1)
    return {
        f"{race}-{sex}-{age}": float(r * s * a)
        for race, r in races.items()
        for sex, s in (("female", 1 - male), ("male", male))
        for age, a in (("old", old), ("young", 1 - old))
    }


def _feature_of(mode: str) -> tuple[str, int]:
    """Return the feature a mode belongs to and its side of it: 1, -1, or 0 for a mode without opposite."""
    feature, _, end = mode.rpartition("-")
    if end in OPPOSITES:
        return feature, 1
    if end in OPPOSITES.values():
        return feature, -1
    return mode, 0


def _weld(source: npt.NDArray[np.int64], triangles: Ints, material: Ints) -> npt.NDArray[np.int64]:
    """Number vertices so that those with one source vertex and material share a number."""
    owner = np.zeros(len(source), np.int64)
    owner[triangles.ravel()] = np.repeat(material, 3)
    _, numbers = np.unique(source * 16 + owner, return_inverse=True)
    welded: npt.NDArray[np.int64] = numbers.astype(np.int64)
    return welded


def _painted(mask: npt.NDArray[np.uint8], uv: Floats) -> Floats:
    """Return a painted region's strength in [0, 1] at texture coordinates [V, 2], bilinearly."""
    size = len(mask)
    at = np.stack([(1 - uv[:, 1]) * size, uv[:, 0] * size]) - 0.5
    corner = np.floor(at).astype(int)
    (fy, fx), total = at - corner, np.zeros(len(uv), np.float32)
    for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
        y, x = np.clip(corner + np.array([[dy], [dx]]), 0, size - 1)
        total += (fy if dy else 1 - fy) * (fx if dx else 1 - fx) * mask[y, x]
    return total / 255


def _inside_mouth(uv: Floats) -> Floats:
    """Return 1 where a vertex lines the mouth, an island of the texture of its own, and else 0."""
    return ((uv[:, 0] > 0.7) & (uv[:, 1] < 0.145)).astype(np.float32)


def _open_edges(welded: npt.NDArray[np.int64], triangles: Ints) -> Ints:
    """Return the edges [E, 2] that only one triangle has, as vertex indices in that triangle's order."""
    edges = np.concatenate([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    keys = np.sort(np.concatenate([welded[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1)
    _, first, count = np.unique(keys, axis=0, return_index=True, return_counts=True)
    rim: Ints = edges[first[count == 1]]
    return rim


def _skirt(vertices: int, rim: Ints) -> tuple[npt.NDArray[np.intp], Ints]:
    """Return where each vertex comes from, and the triangles of a skirt that closes the shoulders' rim."""
    top = np.unique(rim)
    below = {int(vertex): vertices + index for index, vertex in enumerate(top)}
    quads = [(a, b, below[a], below[b]) for a, b in rim.tolist()]
    skirt = [triangle for a, b, c, d in quads for triangle in ((b, a, c), (b, c, d))]
    return np.concatenate([np.arange(vertices), top]), np.array(skirt, np.int32)
