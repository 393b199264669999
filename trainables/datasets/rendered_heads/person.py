"""One subject: a head at rest with hair, glasses and shoulders, ready to be posed for any number of pictures."""

from __future__ import annotations

import numpy as np

from trainables.datasets.rendered_heads.appearance import Appearance, smooth
from trainables.datasets.rendered_heads.head import (
    GLASSES,
    HAIR,
    LEFT_EYE,
    RIGHT_EYE,
    SKIN,
    Floats,
    HeadModel,
    Ints,
)
from trainables.datasets.rendered_heads.scene import Scene, Surface, sky_share

PIVOT = np.array([0.0, 7.0, 0.45], np.float32)
"""What the camera looks at, in the head's frame: the middle between the ears."""

NECK = np.array([0.0, 5.9, 0.3], np.float32)
"""Where the neck bends."""


class Person:
    """A subject drawn from `rng`: shape, looks, and the mesh with everything that stays the same in all pictures."""

    def __init__(self, rng: np.random.Generator, model: HeadModel) -> None:
        self.model = model
        self.identity = model.identity(rng)
        self.looks = Appearance(rng, model, self.identity)
        self._lift = self.looks.hair_lift(model.base) * model.skin * (1 - model.mask("ears", model.uv))
        self._shell = np.isin(np.arange(len(model.base)), model.vertices_of(HAIR))
        shown = model.material != HAIR
        self._glasses = (
            self._make_glasses(rng)
            if self.looks.glasses
            else (np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
        )
        extra = len(self._glasses[0])
        self.rest = np.concatenate([model.base, np.tile(model.base.mean(0), (extra, 1))])
        self._uv = np.concatenate([model.uv, np.zeros((extra, 2), np.float32)])
        self._head_triangles = np.concatenate([model.triangles[shown], self._glasses[1] + len(model.base)])
        self._head_material = np.concatenate(
            [model.material[shown], np.full(len(self._glasses[1]), GLASSES, np.int32)]
        )
        self._open = self._openness()

    def vertices(self, expression: dict[str, float]) -> Floats:
        """Return all vertices [V, 3] in the head's frame for an expression, hair and glasses included."""
        bare = self.identity.vertices + self.model.displacement(expression)
        lifted = bare + self._lift[:, None] * self.model.normals(bare)
        lifted[self._shell] = PIVOT + (lifted[self._shell] - PIVOT) * np.float32([1.03, 1.01, 1.03])
        return np.concatenate([lifted, self._glasses[0]])

    def eyes(self, vertices: Floats) -> Floats:
        """Return the centres [2, 3] of the left and the right eyeball."""
        balls = [vertices[self.model.vertices_of(side)] for side in (LEFT_EYE, RIGHT_EYE)]
        return np.stack([(ball.min(0) + ball.max(0)) / 2 for ball in balls])

    def bend(self, vertices: Floats, head: Floats, body: Floats) -> Floats:
        """Return the vertices in the camera's frame less its distance: head and body turned, the neck between.

        `head` and `body` are rotations [3, 3]. All that lies above the neck moves rigidly with the head.
        """
        share = self.head_share()[:, None]
        neck = np.einsum("ab,b->a", head, NECK - PIVOT)
        turned = np.einsum("ab,nb->na", head, vertices - PIVOT)
        below = np.einsum("ab,nb->na", body, vertices - NECK) + neck
        return (share * turned + (1 - share) * below).astype(np.float32)

    def head_share(self) -> Floats:
        """Return how far each vertex follows the head and not the body, [V] in [0, 1]."""
        height = self.rest[:, 1] + 0.3 * np.clip(self.rest[:, 2] - 0.7, 0, None)
        share = smooth(5.35, 6.1, height)
        share[len(self.model.base) :] = 1
        return share

    def surfaces(self, posed: Floats) -> tuple[Surface, Surface | None]:
        """Return the head's surface and, where worn, the hair shell's."""
        normals = np.concatenate(
            [self.model.normals(posed[: len(self.model.base)]), self._glass_normals(posed)]
        )
        parts = posed, normals, self.rest, self._uv, self._open
        head = Surface(*parts, triangles=self._head_triangles, material=self._head_material)
        if not self.looks.hair.shell:
            return head, None
        hair = self.model.material == HAIR
        return head, Surface(*parts, triangles=self.model.triangles[hair], material=self.model.material[hair])

    def _openness(self) -> Floats:
        at_rest = self.vertices({})
        self._open = np.ones(len(at_rest), np.float32)
        surface, _ = self.surfaces(at_rest)
        return sky_share(Scene(surface), surface.vertices, surface.normals)

    def _glass_normals(self, posed: Floats) -> Floats:
        glasses = posed[len(self.model.base) :]
        if not len(glasses):
            return np.zeros((0, 3), np.float32)
        rings = glasses.reshape(-1, TUBE_SIDES, 3)
        out = (rings - rings.mean(1, keepdims=True)).reshape(-1, 3)
        return (out / (np.linalg.norm(out, axis=1, keepdims=True) + 1e-9)).astype(np.float32)

    def _make_glasses(self, rng: np.random.Generator) -> tuple[Floats, Ints]:
        """Return two rims, a bridge and two temples as tubes around the person's own eyes."""
        vertices = self.identity.vertices
        left, right = self.eyes(vertices)
        face = self.model.skin & (np.abs(vertices[:, 1] - left[1]) < 0.25)
        front = vertices[face & (np.abs(vertices[:, 0] - left[0]) < 0.25), 2].max() + 0.03
        side = np.abs(vertices[face & (np.abs(vertices[:, 2] - 0.8) < 0.3), 0]).max() + 0.02
        wide, high, power = rng.uniform(0.2, 0.27), rng.uniform(0.14, 0.24), rng.uniform(0.5, 1.0)
        radius = rng.uniform(0.012, 0.03)
        turn = np.linspace(0, 2 * np.pi, 33)
        cos, sin = np.cos(turn), np.sin(turn)
        ring = np.stack(
            [wide * np.sign(cos) * np.abs(cos) ** power, high * np.sign(sin) * np.abs(sin) ** power], 1
        )
        lines = []
        for centre, outward in ((left, 1.0), (right, -1.0)):
            lines.append(
                np.column_stack(
                    [ring + centre[:2] - [0, 0.03], front - 0.25 * np.abs(ring[:, 0] + 0 * outward) ** 1.5]
                )
            )
            hinge = np.array([centre[0] + outward * wide, centre[1] + 0.3 * high, front - 0.02])
            ear = np.array([outward * side, centre[1], 0.45])
            lines.append(np.linspace(hinge, [outward * side, hinge[1], front - 0.3], 4))
            lines.append(np.linspace([outward * side, hinge[1], front - 0.3], ear, 4))
        bridge = np.linspace(left[:2] - [wide, 0], right[:2] + [wide, 0], 7)
        lines.append(np.column_stack([bridge + np.array([[0, 0.04]]), np.full(7, front)]))
        return _tubes(lines, radius)


TUBE_SIDES = 6


def _tubes(lines: list[np.ndarray], radius: float) -> tuple[Floats, Ints]:
    """Return tubes along poly-lines as vertices, ring by ring of `TUBE_SIDES`, and triangles."""
    vertices, triangles, start = [], [], 0
    turn = np.arange(TUBE_SIDES) * 2 * np.pi / TUBE_SIDES
    for line in lines:
        ahead = np.gradient(line, axis=0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        side = np.cross(ahead, [0.03, 0.05, 1.0] if abs(ahead[0, 2]) < 0.8 else [0.0, 1.0, 0.05])
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        up = np.cross(ahead, side)
        ring = np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * up[:, None]
        vertices.append((line[:, None] + radius * ring).reshape(-1, 3))
        for step in range(len(line) - 1):
            for k in range(TUBE_SIDES):
                a, b = start + step * TUBE_SIDES + k, start + step * TUBE_SIDES + (k + 1) % TUBE_SIDES
                triangles += [(a, b, a + TUBE_SIDES), (b, b + TUBE_SIDES, a + TUBE_SIDES)]
        start += len(line) * TUBE_SIDES
    return np.concatenate(vertices).astype(np.float32), np.array(triangles, np.int32)
