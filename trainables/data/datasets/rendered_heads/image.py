"""Renders one image: expression, camera and light are drawn at random, rays cast, hits coloured and lit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainables.data.datasets.rendered_heads.background import draw_background
from trainables.data.datasets.rendered_heads.expression import draw_expression, draw_gaze
from trainables.data.datasets.rendered_heads.head_mesh import LASHES, LEFT_EYE, RIGHT_EYE, SKIN, Floats, unit
from trainables.data.datasets.rendered_heads.person import Person
from trainables.data.datasets.rendered_heads.scene import Hits, Scene
from trainables.pose.axes import head_rotation

SUPERSAMPLE = 2
"""Rays along each side of a pixel."""

WRAP = np.array([0.3, 0.16, 0.1], np.float32)
"""How far light creeps round skin into the shade, by colour: red the furthest, as through flesh."""


@dataclass(frozen=True)
class Camera:
    """A pinhole on the z axis, looking down at the head's pivot at the origin.

    The head stands on the optical axis, so the pose in the camera's frame is the pose seen; a crop off the
    axis is a window cut from a larger image and changes no angle. `centre` and `half` are that window, as
    tangents of the viewing angle.
    """

    distance_dm: float
    centre: tuple[float, float]
    half: float

    def rays(self, pixels: int) -> tuple[Floats, Floats]:
        """Return origins and directions [pixels**2, 3], row by row from the top left."""
        steps = ((np.arange(pixels, dtype=np.float32) + 0.5) / pixels * 2 - 1) * np.float32(self.half)
        x, y = np.meshgrid(steps + np.float32(self.centre[0]), np.float32(self.centre[1]) - steps)
        directions = unit(np.stack([x, y, -np.ones_like(x)], axis=-1).reshape(-1, 3))
        origins = np.zeros_like(directions)
        origins[:, 2] = self.distance_dm
        return origins, directions

    def project(self, points: Floats) -> Floats:
        """Return where points [N, 3] lie in the image, in [0, 1] from the top left, [N, 2]."""
        tangent = points[:, :2] / (self.distance_dm - points[:, 2:])
        share: Floats = (tangent - np.array(self.centre)) * [1, -1] / (2 * self.half) + 0.5
        return share


@dataclass(frozen=True)
class Light:
    """A key light, a weaker one from elsewhere, and sky and ground around. `*_from` are unit directions."""

    key_from: Floats
    key: Floats
    fill_from: Floats
    fill: Floats
    sky: Floats
    ground: Floats
    softness: float


def draw_light(rng: np.random.Generator) -> Light:
    """Draw a light from soft daylight to a hard lamp from the side."""
    warmth = rng.normal(0, 0.16)
    tint = np.array([1 + warmth, 1.0, 1 - warmth])
    ambient = rng.uniform(0.15, 0.75)
    return Light(
        key_from=_direction(rng.uniform(-115, 115), rng.uniform(-15, 75)),
        key=(np.clip(tint, 0.4, 1.6) * rng.uniform(0.5, 1.5)).astype(np.float32),
        fill_from=_direction(rng.uniform(-160, 160), rng.uniform(-30, 60)),
        fill=(rng.uniform(0.7, 1.3, 3) * rng.uniform(0, 0.35)).astype(np.float32),
        sky=(np.clip(2 - tint + rng.normal(0, 0.05, 3), 0.4, 1.6) * ambient).astype(np.float32),
        ground=(rng.uniform(0.6, 1.1, 3) * ambient * rng.uniform(0.2, 0.8)).astype(np.float32),
        softness=float(rng.uniform(0.02, 0.1)),
    )


def _direction(azimuth_deg: float, elevation_deg: float) -> Floats:
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    return np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)],
        np.float32,
    )


def render(person: Person, pose_deg: npt.ArrayLike, image_px: int, rng: np.random.Generator) -> Image.Image:
    """Return an RGB image of a person whose head is turned by `pose_deg` (yaw, pitch, roll)."""
    head = head_rotation(pose_deg).astype(np.float32)
    body = _body_rotation(pose_deg, rng)
    vertices = person.vertices(draw_expression(rng))
    posed = person.bend(vertices, head, body)
    camera = frame(person, posed, rng)
    gaze = head @ draw_gaze(rng, head[2])
    eye = np.array([0, 0, camera.distance_dm], np.float32)
    scene, shell = Scene(person.surface(posed).seen_from(eye, two_sided=LASHES)), person.shell(posed)
    pixels = image_px * SUPERSAMPLE
    origins, directions = camera.rays(pixels)
    hits = scene.cast(origins, directions)
    if shell is not None:
        hair = Scene(shell).cast_through(origins, directions, person.looks.hair.in_shell)
        hits = nearest(hits, hair, pixels * pixels)
    image = draw_background(rng, pixels).reshape(-1, 3)
    eyes = person.eyes(posed)
    image[hits.ray] = shade(person, hits, directions[hits.ray], scene, draw_light(rng), eyes, gaze, rng)
    return develop(image.reshape(pixels, pixels, 3), hits.ray, rng)


def _body_rotation(pose_deg: npt.ArrayLike, rng: np.random.Generator) -> Floats:
    """Return a rotation of the shoulders that follows the head in part: it does not reveal the pose."""
    yaw, pitch, roll = np.asarray(pose_deg, np.float64)
    turned = np.clip(rng.uniform(0, 0.9) * yaw + rng.normal(0, 12), yaw - 65, yaw + 65)
    return head_rotation((turned, 0.25 * pitch + rng.normal(0, 4), 0.25 * roll + rng.normal(0, 4))).astype(
        np.float32
    )


def frame(person: Person, posed: Floats, rng: np.random.Generator) -> Camera:
    """Return a camera whose square window holds the head, with random distance, margin and shift."""
    distance = float(np.exp(rng.uniform(np.log(7), np.log(30))))
    shown = posed[person.is_face]
    tangent = shown[:, :2] / (distance - shown[:, 2:])
    low, high = tangent.min(0), tangent.max(0)
    half = float((high - low).max() / 2 * rng.uniform(1.05, 1.5))
    centre = (low + high) / 2 + rng.uniform(-0.12, 0.12, 2) * half
    return Camera(distance, (float(centre[0]), float(centre[1])), half)


def nearest(first: Hits, second: Hits, rays: int) -> Hits:
    """Return for each ray the nearer of its hits in two lists."""
    depth = np.full((2, rays), np.inf, np.float32)
    depth[0, first.ray], depth[1, second.ray] = first.far, second.far
    front = first.where(depth[0, first.ray] <= depth[1, first.ray])
    return Hits.joined([front, second.where(depth[1, second.ray] < depth[0, second.ray])])


def shade(
    person: Person, hits: Hits, directions: Floats, scene: Scene, light: Light, eyes: Floats, gaze: Floats,
    rng: np.random.Generator,
) -> Floats:  # fmt: skip
    """Return the light that leaves each hit towards the camera, linear RGB [N, 3]."""
    normal, towards = hits.normal, -directions
    centre = eyes[(hits.material == RIGHT_EYE).astype(int)]
    outward = unit(hits.position - centre)
    on_eye = (hits.material == LEFT_EYE) | (hits.material == RIGHT_EYE)
    angle = np.arccos(np.clip(outward @ gaze, -1, 1))
    colour, gloss, sharp = person.looks.paint(hits, angle)
    normal = np.where(on_eye[:, None], outward, normal)
    wrap = np.where((hits.material == SKIN)[:, None], WRAP, 0.05).astype(np.float32)
    up = normal[:, 1:2] * 0.5 + 0.5
    total = colour * (light.sky * up + light.ground * (1 - up)) * hits.open[:, None] ** 1.3
    jitter = rng.normal(0, light.softness, normal.shape).astype(np.float32)
    aim = unit(light.key_from + jitter)
    lit = ~scene.blocked(hits.position + 0.04 * normal + 0.01 * aim, aim, 8.0)
    for source, power, seen in ((light.key_from, light.key, lit), (light.fill_from, light.fill, hits.open)):
        cosine = normal @ source
        diffuse = np.clip((cosine[:, None] + wrap) / (1 + wrap), 0, None)
        middle = unit(towards + source)
        glint = gloss * np.clip(np.einsum("nc,nc->n", normal, middle), 0, 1) ** sharp * (cosine > 0)
        total += power * (colour * diffuse + glint[:, None]) * seen[:, None]
    light_out: Floats = total.astype(np.float32)
    return light_out


def develop(image: Floats, head: npt.NDArray[np.intp], rng: np.random.Generator) -> Image.Image:
    """Return the 8-bit image of linear light: averaged to pixels, exposed for the head, with noise."""
    size = len(image) // SUPERSAMPLE
    bright = float(image.reshape(-1, 3)[head].mean()) if len(head) else 0.3
    exposure = 0.5 + 0.5 * rng.uniform(0.16, 0.42) / max(bright, 0.02)
    image = image.reshape(size, SUPERSAMPLE, size, SUPERSAMPLE, 3).mean(axis=(1, 3))
    image = np.clip(image * exposure * rng.normal(1, 0.04, 3), 0, None)
    image = image / (1 + 0.25 * image)  # a soft shoulder in place of hard clipping
    if rng.random() < 0.04:  # a black-and-white photograph
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    noise = rng.normal(0, rng.uniform(0, 0.02), image.shape)
    srgb = np.power(np.clip(image, 0, 1), 1 / 2.2) + noise
    return Image.fromarray((np.clip(srgb, 0, 1) * 255 + 0.5).astype(np.uint8))
