"""Images without labels for the steps of an epoch, however many steps there are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
from torch import Tensor

from trainables.data.batches import BatchSource


class Unlabelled:
    """The images of a source without end, pass after pass; each pass of an epoch has an order of its own.

    An epoch of few labelled images sees some of the unlabelled ones, other ones in each epoch.
    """

    def __init__(self, source: BatchSource) -> None:
        self._source = source
        self._waited_s = 0.0

    @property
    def wait_s(self) -> float:
        """Seconds that the consumer waited in the last epoch."""
        return self._waited_s + self._source.wait_s

    def epoch(self, seed: int) -> Iterator[Tensor]:
        """Yield images [U, 3, H, W] for step after step; everything random follows from `seed`."""
        self._waited_s = 0.0
        for number in count():
            pass_seed = np.random.SeedSequence((seed, number)).generate_state(1)[0] >> 1
            for batch in self._source.epoch(int(pass_seed)):
                yield batch.images
            self._waited_s += self._source.wait_s
