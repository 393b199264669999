"""Random backgrounds: plain walls, gradients, blurred scenes, stripes and clutter, in linear RGB."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainables.data.datasets.rendered_heads.head_mesh import Floats
from trainables.data.datasets.rendered_heads.paint import linear, mix

Draw = Callable[[np.random.Generator, int], npt.NDArray[np.floating]]


def draw_background(rng: np.random.Generator, size: int) -> Floats:
    """Return a random background [size, size, 3] in linear RGB."""
    kinds: tuple[Draw, ...] = (_gradient, _blobs, _stripes, _clutter, _room, _foliage)
    kind = kinds[rng.choice(len(kinds), p=(0.18, 0.22, 0.06, 0.22, 0.2, 0.12))]
    image = kind(rng, size) + rng.normal(0, rng.uniform(0, 3), (size, size, 1))
    return linear(np.clip(image, 0, 255)) * np.float32(rng.uniform(0.35, 1.1))


def _colour(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    grey = rng.uniform(25, 235)
    return np.clip(grey + rng.normal(0, rng.choice([5, 15, 45], p=[0.4, 0.4, 0.2]), 3), 5, 250)


def _upsampled(small: npt.NDArray[np.floating], size: int) -> npt.NDArray[np.floating]:
    image = Image.fromarray(np.clip(small, 0, 255).astype(np.uint8))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC), np.float32)


def _gradient(rng: np.random.Generator, size: int) -> npt.NDArray[np.floating]:
    angle = rng.uniform(0, 2 * np.pi)
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, size), np.linspace(-0.5, 0.5, size))
    share = np.clip(0.5 + np.cos(angle) * x + np.sin(angle) * y, 0, 1)
    first = _colour(rng)
    second = first * rng.uniform(0.3, 1.0) if rng.random() < 0.6 else _colour(rng)
    return mix(first, second, share.ravel()).reshape(size, size, 3)


def _blobs(rng: np.random.Generator, size: int) -> npt.NDArray[np.floating]:
    cells = int(rng.integers(3, 9))
    palette = np.stack([_colour(rng) for _ in range(3)])
    return _upsampled(
        palette[rng.integers(0, 3, (cells, cells))] + rng.normal(0, 20, (cells, cells, 3)), size
    )


def _stripes(rng: np.random.Generator, size: int) -> npt.NDArray[np.floating]:
    angle, count = rng.uniform(0, np.pi), rng.uniform(3, 14)
    x, y = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size))
    wave = np.sin((np.cos(angle) * x + np.sin(angle) * y) * count * 2 * np.pi)
    share = np.clip(0.5 + wave * rng.uniform(0.5, 3), 0, 1)
    return mix(_colour(rng), _colour(rng), share.ravel()).reshape(size, size, 3)


def _clutter(rng: np.random.Generator, size: int) -> npt.NDArray[np.floating]:
    return _blurred(rng, _boxes(rng, np.tile(_colour(rng), (size, size, 1)), int(rng.integers(6, 24)), 0.5))


def _room(rng: np.random.Generator, size: int) -> npt.NDArray[np.floating]:
    """A wall above, a darker floor below, and a few upright boxes such as doors, shelves and windows."""
    image = _gradient(rng, size)
    image[int(size * rng.uniform(0.55, 0.95)) :] *= rng.uniform(0.3, 0.8)
    return _blurred(rng, _boxes(rng, image, int(rng.integers(1, 6)), 0.25))


def _foliage(rng: np.random.Generator, size: int) -> npt.NDArray[np.floating]:
    hue = np.array([0.75, 0.95, 0.5]) if rng.random() < 0.6 else _colour(rng) / 160
    image = np.zeros((size, size, 3), np.float32)
    for cells, strength in ((4, 50), (12, 40), (40, 30)):
        layer = np.repeat(rng.normal(0, 1, (cells, cells, 1)), 3, axis=2) * strength * hue + 128
        image += _upsampled(layer, size) - 128
    return image + rng.uniform(60, 150) * hue


def _boxes(
    rng: np.random.Generator, image: npt.NDArray[np.floating], count: int, wide: float
) -> npt.NDArray[np.floating]:
    size = len(image)
    for _ in range(count):
        left, top = rng.uniform(-0.2, 1, 2) * size
        width, height = rng.uniform(0.03, wide) * size, rng.uniform(0.05, 0.8) * size
        box = np.s_[
            max(0, int(top)) : max(0, int(top + height)), max(0, int(left)) : max(0, int(left + width))
        ]
        image[box] = _colour(rng) if rng.random() < 0.7 else image[box] * 0.5
    return image


def _blurred(rng: np.random.Generator, image: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    size = len(image)
    small = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))
    edge = max(4, int(size * rng.uniform(0.08, 0.5)))
    small = small.resize((edge, edge), Image.Resampling.BOX)
    return np.asarray(small.resize((size, size), Image.Resampling.BICUBIC), np.float32)
