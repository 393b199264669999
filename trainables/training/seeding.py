"""Randomness that follows from a seed and an epoch, whatever ran before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def epoch_seeds(seed: int, epoch: int) -> tuple[int, int, int]:
    """Return three independent seeds below 2^31 of an epoch: for data, pretext task and torch itself."""
    data, pretext, dropout = np.random.SeedSequence((seed, epoch)).generate_state(3) >> 1
    return int(data), int(pretext), int(dropout)


@contextmanager
def torch_seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators inside; outside they are as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
