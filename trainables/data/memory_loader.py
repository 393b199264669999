"""A loader over tensors in memory instead of files, for tests, benchmarks and notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class MemoryBatch:
    """Images and their labels."""

    images: Tensor  # [B, 3, H, W] float32, normalised
    labels: Tensor  # [B, L] float32


class MemoryLoader:
    """Batches of images [N, 3, H, W] with labels [N, L], not augmented and left on their device.

    With `shuffle` (for training) each epoch has a new order and the last partial batch is dropped, unless it
    is the only one; without, every image comes once, in order.
    """

    wait_s = 0.0

    def __init__(self, images: Tensor, labels: Tensor, *, batch: int, shuffle: bool) -> None:
        self.images, self.labels = images, labels
        self.batch, self.shuffle = min(batch, len(images)), shuffle

    def __len__(self) -> int:
        whole, rest = divmod(len(self.images), self.batch)
        return whole if self.shuffle or rest == 0 else whole + 1

    def epoch(self, seed: int) -> Iterator[MemoryBatch]:
        """Yield the batches of one epoch; the order follows from the seed."""
        order = torch.arange(len(self.images))
        if self.shuffle:
            order = torch.randperm(len(self.images), generator=torch.Generator().manual_seed(seed))
        for chosen in torch.split(order, self.batch)[: len(self)]:
            yield MemoryBatch(self.images[chosen], self.labels[chosen])
