"""An epoch on paper: which images stand in which batch, and what happens to each; all from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainables.augmentation.plan import AugmentationPlan, Parameters

ORDER, AUGMENTATION, NOISE = range(3)
"""The independent streams of random numbers of an epoch."""


@dataclass(frozen=True)
class BatchPlan:
    """One batch: the images' places in the samples, what happens to each, and the seed of their noise."""

    places: npt.NDArray[np.int64]  # [B]
    parameters: Parameters | None  # [B]
    noise_seed: int


def batch_count(images: int, batch: int, *, shuffle: bool) -> int:
    """Return the batches of an epoch: shuffled, the last partial one is dropped unless it is the only one."""
    return max(1, images // batch) if shuffle else -(-images // batch)


def plan_epoch(
    images: int, batch: int, augmentation: AugmentationPlan | None, *, shuffle: bool, seed: int
) -> Iterator[BatchPlan]:
    """Yield the batches of an epoch.

    What happens to an image depends on its place in the samples and on `seed`, not on the batch it stands in.
    """
    order = np.arange(images)
    if shuffle:
        order = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(ORDER,))).permutation(images)
    parameters = augmentation.draw(images, _child(seed, AUGMENTATION)) if augmentation else None
    for number in range(batch_count(images, batch, shuffle=shuffle)):
        places = order[number * batch : (number + 1) * batch]
        rows = None if parameters is None else parameters[places]
        yield BatchPlan(places, rows, _child(seed, NOISE, number))


def _child(seed: int, *key: int) -> int:
    """Return a seed of its own, 63 bits, for one use of the epoch's seed."""
    return int(np.random.SeedSequence(seed, spawn_key=key).generate_state(1, np.uint64)[0] >> np.uint64(1))
