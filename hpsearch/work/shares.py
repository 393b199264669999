"""Shares of a GPU as plain arithmetic: how many trials fit on one, and the smallest that holds a design."""

from __future__ import annotations

import math

from trainables.training.footprint import Footprint
from trainables.training.gpu_memory import OUTSIDE_TORCH_MIB, OutOfGpuMemory

UNITS = 10_000
"""Ray counts a GPU in ten-thousandths, and rounds to them."""

MOST_PER_GPU = 48
"""Trials that share a GPU, at most: NVIDIA's MPS serves so many processes on one."""

MARGIN = 1.1
"""Room beside what was measured: other batches, and blocks that cannot be used again."""

SHORTFALL = 1.25
"""A trial that ran out of memory needs this much more than it had asked for until then."""


def floor_to_ray_unit(share: float) -> float:
    """Return a share as Ray shall count it, rounded down: of 1/7, rounded up, six would fit and not seven."""
    return share if share >= 1 else math.floor(share * UNITS + 1e-6) / UNITS


def per_gpu(share: float) -> int:
    """Return how many trials of a share, at most 1, fit on a GPU."""
    return UNITS // round(floor_to_ray_unit(share) * UNITS)


def share_of(trials: int) -> float:
    """Return the share of each of so many trials on a GPU."""
    return floor_to_ray_unit(1 / trials)


def needed_mib(footprint: Footprint) -> float:
    """Return the memory that a share must have to hold a design: torch is bound to all but a fixed part."""
    return MARGIN * footprint.torch_mib + max(footprint.other_mib, OUTSIDE_TORCH_MIB)


def smallest_share(needed_mib: float, gpu_mib: float) -> float:
    """Return the smallest share of a GPU that holds so much memory; the whole where none does."""
    fitting = max(1, int(min(gpu_mib / needed_mib, MOST_PER_GPU)))
    while fitting > 1 and share_of(fitting) * gpu_mib < needed_mib:  # a share is rounded down
        fitting -= 1
    return share_of(fitting)


def larger_share(short: OutOfGpuMemory) -> float:
    """Return the share that a trial is tried again with: at least twice as large, at most a whole GPU."""
    doubled = share_of(max(per_gpu(short.share) // 2, 1))
    return max(doubled, smallest_share(SHORTFALL * short.needed_mib, short.given_mib / short.share))


def threads_to_feed(wait_share: float) -> int:
    """Return the CPU threads that keep a GPU fed that waited for one thread so much of the time.

    They are two at least: kernels are launched by one, and images loaded by another.
    """
    return max(2, math.ceil(1 / max(1 - wait_share, 0.02) - 0.1))
