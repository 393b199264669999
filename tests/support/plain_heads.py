"""Heads rendered without expression, light or background: pictures of a pose, to check labels against."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainables.data.datasets.rendered_heads.head_mesh import HeadModel
from trainables.data.datasets.rendered_heads.image import Camera
from trainables.data.datasets.rendered_heads.person import PIVOT, Person
from trainables.data.datasets.rendered_heads.scene import Scene
from trainables.pose.axes import head_rotation

NECK_DM = 6.2
"""Height below which nothing is shown: what is left stays in the image however it is turned."""


@cache
def _person() -> Person:
    return Person(np.random.default_rng(5), HeadModel())


def plain_head(pose_deg: npt.ArrayLike, image_px: int) -> Image.Image:
    """Return one person's head in a pose (yaw, pitch, roll), on black, its pivot in the image's middle.

    The colour of a point follows from its place on the head, the same for left and right: a mirrored image
    shows a head too.
    """
    turn = head_rotation(pose_deg).astype(np.float32)
    person = _person()
    posed = person.bend(person.vertices({}), turn, turn)
    hits = Scene(person.surface(posed)).cast(*Camera(12.0, (0.0, 0.0), 0.2).rays(2 * image_px))
    head = hits.where(hits.rest[:, 1] > NECK_DM)
    right, up, front = (head.rest - PIVOT).T
    image = np.zeros((4 * image_px**2, 3))
    image[head.ray] = np.stack([60 + 120 * np.abs(right), 128 + 80 * up, 128 + 80 * front], axis=1)
    halved = image.reshape(image_px, 2, image_px, 2, 3).mean(axis=(1, 3))
    return Image.fromarray(np.clip(halved, 0, 255).astype(np.uint8))


def apart(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Return the mean difference of two images, in grey levels."""
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())
