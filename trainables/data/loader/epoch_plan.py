"""Plans an epoch from one seed: which images form which batch, and how each is augmented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainables.data.augmentation.plan import AugmentationPlan, Parameters


@dataclass(frozen=True)
class BatchPlan:
    """One batch: the images' places (indices) in the samples, and the augmentation of each."""

    places: npt.NDArray[np.int64]  # [B]
    parameters: Parameters | None  # [B]


def batch_count(images: int, batch: int, *, shuffle: bool) -> int:
    """Return the number of batches of an epoch.

    Where images are shuffled, the last partial batch is dropped unless it is the only one.
    """
    return max(1, images // batch) if shuffle else -(-images // batch)


def plan_epoch(
    images: int, batch: int, augmentation: AugmentationPlan | None, *, shuffle: bool, seed: int
) -> Iterator[BatchPlan]:
    """Yield the batches of an epoch.

    How an image is augmented depends on its place in the samples and on `seed`, not on its batch.
    """
    order = np.arange(images)
    if shuffle:
        order = np.random.default_rng(seed).permutation(images)
    parameters = augmentation.draw(images, seed) if augmentation else None  # from separate random streams
    for number in range(batch_count(images, batch, shuffle=shuffle)):
        places = order[number * batch : (number + 1) * batch]
        rows = None if parameters is None else parameters[places]
        yield BatchPlan(places, rows)
