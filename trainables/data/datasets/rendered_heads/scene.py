"""Ray casting: a scene of triangles, and what each ray hits. The only module that uses Embree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from trainables.data.datasets.rendered_heads.head_mesh import Floats, Ints, unit

Bools = npt.NDArray[np.bool_]

SKIP_DM = 2e-3
"""How far past a surface the next ray starts, decimetres."""


@dataclass(frozen=True)
class Hits:
    """What rays hit: `ray` [N] are their indices, the rest is interpolated at the point hit."""

    ray: npt.NDArray[np.intp]
    far: Floats  # [N] distance along the ray
    position: Floats  # [N, 3] in the camera's frame
    normal: Floats  # [N, 3] unit, towards the viewer
    rest: Floats  # [N, 3] on the base mesh
    regions: Floats  # [N, 4] lips, eyelids, ears and the mouth's inside, in [0, 1]
    open: Floats  # [N] share of the sky that the surface sees
    material: Ints  # [N]

    def where(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Hits:
        """Return the hits selected by a mask or by indices."""
        return Hits(**{name: value[keep] for name, value in vars(self).items()})

    @staticmethod
    def joined(parts: list[Hits]) -> Hits:
        """Return all hits of several lists as one."""
        return Hits(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])})


@dataclass(frozen=True)
class Surface:
    """Triangles with what is interpolated over them; all vertex arrays are [V, ...]."""

    vertices: Floats
    normals: Floats
    rest: Floats
    regions: Floats
    open: Floats
    triangles: Ints
    material: Ints

    def seen_from(self, eye: Floats, two_sided: int) -> Surface:
        """Return only the triangles that face a point [3], and all of the material `two_sided`.

        Of a closed surface no other triangle can be hit first; building half a scene takes half the time.
        """
        a, b, c = (self.vertices[self.triangles[:, corner]] for corner in range(3))
        (ux, uy, uz), (vx, vy, vz), (wx, wy, wz) = (b - a).T, (c - a).T, (eye - a).T
        facing = (uy * vz - uz * vy) * wx + (uz * vx - ux * vz) * wy + (ux * vy - uy * vx) * wz > 0
        kept = facing | (self.material == two_sided)
        triangles = self.triangles[kept]
        used = np.zeros(len(self.vertices), np.bool_)
        used[triangles] = True
        numbers = (np.cumsum(used) - 1).astype(np.int32)
        return Surface(
            vertices=self.vertices[used],
            normals=self.normals[used],
            rest=self.rest[used],
            regions=self.regions[used],
            open=self.open[used],
            triangles=numbers[triangles],
            material=self.material[kept],
        )


class Rays:
    """Triangles in Embree."""

    def __init__(self, vertices: Floats, triangles: Ints) -> None:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self._embree = EmbreeScene(_device())
        self._mesh = TriangleMesh(self._embree, vertices, triangles)

    def first(self, origins: Floats, directions: Floats) -> dict[str, npt.NDArray[Any]]:
        """Return Embree's answer for rays [R, 3]: `primID` (-1 for none), `tfar`, `u` and `v`, each [R]."""
        answer: dict[str, npt.NDArray[Any]] = self._embree.run(origins, directions, output=True)
        return answer

    def blocked(self, origins: Floats, directions: Floats, within_dm: float) -> Bools:
        """Return which rays [R, 3] meet a triangle within a distance, [R]."""
        limits = np.full(len(origins), within_dm, np.float32)
        return np.asarray(self._embree.run(origins, directions, limits, query="OCCLUDED")) >= 0


@cache
def _device() -> Any:
    """Return Embree's device, one per process: making one costs as much as a small scene."""
    from embreex.rtcore import EmbreeDevice

    return EmbreeDevice()


class Scene:
    """A surface that rays can be cast at."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._rays = Rays(surface.vertices, surface.triangles)
        parts = (surface.vertices, surface.normals, surface.rest, surface.regions, surface.open[:, None])
        self._attributes = np.concatenate(parts, axis=1)

    def cast(self, origins: Floats, directions: Floats) -> Hits:
        """Return the first hit of each ray [R, 3] that hits at all."""
        answer = self._rays.first(origins, directions)
        struck = np.flatnonzero(answer["primID"] >= 0)
        return self._at(answer, struck, struck, answer["tfar"][struck], directions[struck])

    def cast_through(
        self, origins: Floats, directions: Floats, solid: Callable[[Floats], Bools], layers: int = 4
    ) -> Hits:
        """Return the first hit of each ray where `solid` says yes of its rest position.

        Elsewhere the surface has a gap, and the ray goes on, through at most `layers` surfaces.
        """
        rays = np.arange(len(origins))
        far = np.zeros(len(origins), np.float32)
        found: list[Hits] = []
        for _ in range(layers):
            answer = self._rays.first(origins[rays] + directions[rays] * far[rays, None], directions[rays])
            struck = np.flatnonzero(answer["primID"] >= 0)
            rays = rays[struck]
            far[rays] += answer["tfar"][struck]
            hits = self._at(answer, struck, rays, far[rays], directions[rays])
            kept = solid(hits.rest)
            found.append(hits.where(kept))
            rays = rays[~kept]
            if not len(rays):
                break
            far[rays] += SKIP_DM
        return Hits.joined(found)

    def blocked(self, origins: Floats, directions: Floats, within_dm: float) -> Bools:
        """Return which rays [R, 3] meet the surface within a distance, [R]."""
        return self._rays.blocked(origins, directions, within_dm)

    def _at(
        self,
        answer: dict[str, npt.NDArray[Any]],
        struck: npt.NDArray[np.intp],
        rays: npt.NDArray[np.intp],
        far: Floats,
        directions: Floats,
    ) -> Hits:
        face = answer["primID"][struck]
        u, v = answer["u"][struck, None], answer["v"][struck, None]
        first, second, third = self._surface.triangles[face].T
        values = self._attributes[first] * (1 - u - v)
        values += self._attributes[second] * u
        values += self._attributes[third] * v
        normal = unit(values[:, 3:6])
        normal[np.einsum("nc,nc->n", normal, directions) > 0] *= -1
        return Hits(
            ray=rays,
            far=far,
            position=values[:, :3],
            normal=normal,
            rest=values[:, 6:9],
            regions=values[:, 9:13],
            open=values[:, 13],
            material=self._surface.material[face],
        )


def sky_share(
    points: Floats, normals: Floats, triangles: Ints, within_dm: float = 1.2, rays: int = 48
) -> Floats:
    """Return how much of the half-space above each vertex is free of `triangles`, cosine-weighted, [V]."""
    index = np.arange(rays) + 0.5
    z, turn = 1 - 2 * index / rays, np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - z * z)
    sphere = np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1).astype(np.float32)
    weight = np.clip(normals @ sphere.T, 0, None)
    origins = np.repeat(points + np.float32(0.02) * normals, rays, axis=0)
    blocked = Rays(points, triangles).blocked(origins, np.tile(sphere, (len(points), 1)), within_dm)
    free = (weight * ~blocked.reshape(weight.shape)).sum(axis=1)
    share: Floats = (free / (weight.sum(axis=1) + 1e-6)).astype(np.float32)
    return share
