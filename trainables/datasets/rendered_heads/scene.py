"""Rays: a triangle scene in Embree, and what each ray of a camera hits. The only place that knows Embree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainables.datasets.rendered_heads.head import Floats, Ints, unit

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
    uv: Floats  # [N, 2]
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
    uv: Floats
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
            uv=self.uv[used],
            open=self.open[used],
            triangles=numbers[triangles],
            material=self.material[kept],
        )


class Scene:
    """A surface that rays can be cast at."""

    def __init__(self, surface: Surface) -> None:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self._surface = surface
        self._embree = EmbreeScene()
        self._mesh = TriangleMesh(self._embree, surface.vertices, surface.triangles)
        self._attributes = np.concatenate(
            [surface.vertices, surface.normals, surface.rest, surface.uv, surface.open[:, None]], axis=1
        )

    def cast(
        self,
        origins: Floats,
        directions: Floats,
        accept: Callable[[Floats], Bools] | None = None,
        layers: int = 4,
    ) -> Hits:
        """Return the first hit of each ray [R, 3] that hits at all.

        Where `accept` (of rest positions) says no, the surface has a gap there and the ray goes on, through
        at most `layers` surfaces.
        """
        rays = np.arange(len(origins))
        found: list[Hits] = []
        travelled = np.zeros(len(origins), np.float32)
        for _ in range(layers if accept else 1):
            result = self._embree.run(origins + directions * travelled[rays, None], directions, output=True)
            struck = np.flatnonzero(result["primID"] >= 0)
            rays, directions, origins = rays[struck], directions[struck], origins[struck]
            travelled[rays] += result["tfar"][struck]
            hits = self._at(result, struck, rays, travelled[rays], directions)
            kept = accept(hits.rest) if accept else np.ones(len(rays), np.bool_)
            found.append(hits.where(kept))
            rays, directions, origins = rays[~kept], directions[~kept], origins[~kept]
            if not len(rays):
                break
            travelled[rays] += SKIP_DM
        return Hits.joined(found)

    def blocked(self, origins: Floats, directions: Floats, within_dm: float) -> Bools:
        """Return which rays [R, 3] meet a surface within a distance, [R]."""
        limits = np.full(len(origins), within_dm, np.float32)
        return np.asarray(self._embree.run(origins, directions, limits, query="OCCLUDED")) >= 0

    def _at(
        self, result: dict[str, npt.NDArray[np.float32]], struck: npt.NDArray[np.intp],
        rays: npt.NDArray[np.intp], far: Floats, directions: Floats,
    ) -> Hits:  # fmt: skip
        face = result["primID"][struck].astype(np.intp)
        u, v = result["u"][struck, None], result["v"][struck, None]
        corners = self._surface.triangles[face]
        values = (
            self._attributes[corners[:, 0]] * (1 - u - v)
            + self._attributes[corners[:, 1]] * u
            + self._attributes[corners[:, 2]] * v
        )
        normal = unit(values[:, 3:6])
        away = np.einsum("nc,nc->n", normal, directions) > 0
        normal[away] *= -1
        return Hits(
            ray=rays, far=far, position=values[:, :3], normal=normal, rest=values[:, 6:9], uv=values[:, 9:11],
            open=values[:, 11], material=self._surface.material[face],
        )  # fmt: skip


def sky_share(
    scene: Scene, points: Floats, normals: Floats, within_dm: float = 1.2, rays: int = 16
) -> Floats:
    """Return how much of the half-space above each point [V, 3] is free of surface, cosine-weighted, [V]."""
    index = np.arange(rays) + 0.5
    z, turn = 1 - 2 * index / rays, np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - z * z)
    sphere = np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1).astype(np.float32)
    cosine = normals @ sphere.T
    origin = np.repeat(points + 0.02 * normals, rays, axis=0)
    blocked = scene.blocked(origin, np.tile(sphere, (len(points), 1)), within_dm).reshape(len(points), rays)
    weight = np.clip(cosine, 0, None)
    share: Floats = ((weight * ~blocked).sum(axis=1) / (weight.sum(axis=1) + 1e-6)).astype(np.float32)
    return share
