"""Keeps torch to a share of a GPU's memory, and gives back to the GPU what a job no longer uses."""

from __future__ import annotations

import gc
import re

import torch

from trainables.data.loader.pipeline import release_unused
from trainables.training.gpu_memory import OUTSIDE_TORCH_MIB, OutOfGpuMemory, asked_mib, torch_limit

_SHORT = re.compile(r"out of memory|memory allocation failed|ALLOC_FAILED|can't allocate", re.IGNORECASE)
"""How torch, CUDA's libraries and DALI say that a GPU has no memory left."""


def keep_to_share(device: torch.device, share: float) -> None:
    """Give back what earlier jobs of this process left on a GPU, and bind torch to a share of its memory."""
    if device.type != "cuda":
        return
    gc.collect()
    torch.cuda.empty_cache()
    release_unused(device)
    torch.cuda.set_per_process_memory_fraction(torch_limit(share, _total_mib(device)), device)


def shortage(error: RuntimeError, device: torch.device, share: float) -> OutOfGpuMemory | None:
    """Return the lack of memory on a GPU that an error tells of; None for any other error."""
    if device.type != "cuda" or not _SHORT.search(str(error)):
        return None
    held_mib = torch.cuda.max_memory_reserved(device) / 2**20
    needed_mib = held_mib + asked_mib(str(error)) + OUTSIDE_TORCH_MIB
    return OutOfGpuMemory(needed_mib, share * _total_mib(device), share)


def _total_mib(device: torch.device) -> float:
    total: int = torch.cuda.get_device_properties(device).total_memory
    return total / 2**20
