"""One subject: a head with hair, glasses and shoulders, ready to be posed for any number of images."""

from __future__ import annotations

from functools import cache

import numpy as np

from trainables.data.datasets.rendered_heads.appearance import Appearance
from trainables.data.datasets.rendered_heads.glasses import make_glasses, no_glasses
from trainables.data.datasets.rendered_heads.head_mesh import (
    GLASSES,
    HAIR,
    LEFT_EYE,
    RIGHT_EYE,
    Floats,
    HeadModel,
    unit,
    vertex_normals,
)
from trainables.data.datasets.rendered_heads.paint import smooth
from trainables.data.datasets.rendered_heads.scene import Surface, sky_share

PIVOT = np.array([0.0, 7.0, 0.45], np.float32)
"""What the camera looks at, in the head's frame: the middle between the ears."""

NECK = np.array([0.0, 5.9, 0.3], np.float32)
"""Where the neck bends."""

SHELL_SCALE = np.array([1.04, 1.015, 1.04], np.float32)
"""Long hair is worn this much wider than the model's shell, clear of the scalp."""


class Person:
    """A subject drawn from `rng`: shape, looks, and the parts of the mesh that stay the same in all images.

    Vertices are the model's, then the glasses'. The hair shell is a mesh of its own over the same vertices.
    """

    def __init__(self, rng: np.random.Generator, model: HeadModel) -> None:
        self.model = model
        self.identity = model.identity(rng)
        self.looks = Appearance(rng, self.identity)
        bare = self.identity.vertices
        self._eyeballs = [model.vertices_of(side) for side in (LEFT_EYE, RIGHT_EYE)]
        glasses, rims = (
            make_glasses(rng, bare[model.skin], self.eyes(bare)) if self.looks.glasses else no_glasses()
        )
        count, extra = len(bare), len(glasses)
        self._glasses = glasses
        self.rest = np.concatenate([model.base, np.tile(PIVOT, (extra, 1))])
        self.is_face = np.append(model.skin & (model.base[:, 1] > 6.2), np.zeros(extra, np.bool_))
        self._regions = np.concatenate([model.regions, np.zeros((extra, 4), np.float32)])
        self._welded = np.concatenate([model.welded, model.welded.max() + 1 + np.arange(extra)])
        bald = model.material != HAIR
        self._triangles = np.concatenate([model.triangles[bald], rims + count]).astype(np.int32)
        self._material = np.append(model.material[bald], np.full(len(rims), GLASSES)).astype(np.int32)
        self._shell, strands = np.unique(model.triangles[~bald], return_inverse=True)
        self._strands = strands.reshape(-1, 3).astype(np.int32)
        self.head_share = self._head_share()
        lift = self.looks.hair.lift_dm(model.base) * model.skin * (1 - model.regions[:, 2])
        self._lift = lift[:, None] * vertex_normals(bare, model.triangles, model.welded)
        self._open = np.append(_sky_at_rest(model), np.ones(extra, np.float32)).astype(np.float32)

    def vertices(self, expression: dict[str, float]) -> Floats:
        """Return all vertices [V, 3] in the head's frame for an expression, hair and glasses included."""
        worn = self.identity.vertices + self.model.displacement(expression) + self._lift
        worn[self._shell] = PIVOT + (worn[self._shell] - PIVOT) * SHELL_SCALE
        return np.concatenate([worn, self._glasses])

    def eyes(self, vertices: Floats) -> Floats:
        """Return the centres [2, 3] of the left and the right eyeball."""
        balls = [vertices[ball] for ball in self._eyeballs]
        return np.stack([(ball.min(0) + ball.max(0)) / 2 for ball in balls])

    def bend(self, vertices: Floats, head: Floats, body: Floats) -> Floats:
        """Return the vertices turned about `PIVOT`, the new origin: head and body, and the neck between.

        `head` and `body` are rotations [3, 3]. All that lies above the neck moves rigidly with the head.
        """
        share = self.head_share[:, None]
        turned = (vertices - PIVOT) @ head.T
        below = (vertices - NECK) @ body.T + head @ (NECK - PIVOT)
        posed: Floats = share * turned + (1 - share) * below
        return posed

    def surface(self, posed: Floats) -> Surface:
        """Return everything but long hair, for vertices in any frame."""
        normals = vertex_normals(posed, self._triangles, self._welded)
        return Surface(posed, normals, self.rest, self._regions, self._open, self._triangles, self._material)

    def shell(self, posed: Floats) -> Surface | None:
        """Return the long hair, where worn, for vertices that `bend` made."""
        if not self.looks.hair.shell:
            return None
        worn, rest, regions = posed[self._shell], self.rest[self._shell], self._regions[self._shell]
        # The shell is a few flat strips: lit as the round mass of hair that they stand for.
        normals, open_ = unit(worn), np.clip(0.55 + 0.45 * smooth(6.0, 8.0, rest[:, 1]), 0, 1)
        return Surface(
            worn, normals, rest, regions, open_, self._strands, np.full(len(self._strands), HAIR, np.int32)
        )

    def _head_share(self) -> Floats:
        """Return how far each vertex follows the head and not the body, [V] in [0, 1]."""
        height = self.rest[:, 1] + 0.3 * np.clip(self.rest[:, 2] - 0.7, 0, None)
        return smooth(5.35, 6.1, height)


@cache
def _sky_at_rest(model: HeadModel) -> Floats:
    """Return how open the base mesh's vertices lie, [V]: nostrils, lids and neck are dark for all people."""
    bald = model.material != HAIR
    return sky_share(
        model.base, vertex_normals(model.base, model.triangles, model.welded), model.triangles[bald]
    )
