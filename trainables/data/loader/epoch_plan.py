"""An epoch on paper: which images stand in which batch, and what happens to each; all from one seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainables.data.augmentation.plan import AugmentationPlan, Parameters


@dataclass(frozen=True)
class BatchPlan:
    """One batch: the images' places in the samples, and what happens to each."""

    places: npt.NDArray[np.int64]  # [B]
    parameters: Parameters | None  # [B]


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
        order = np.random.default_rng(seed).permutation(images)
    parameters = augmentation.draw(images, seed) if augmentation else None  # from streams of their own
    for number in range(batch_count(images, batch, shuffle=shuffle)):
        places = order[number * batch : (number + 1) * batch]
        rows = None if parameters is None else parameters[places]
        yield BatchPlan(places, rows)
