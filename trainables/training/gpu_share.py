"""Keeps torch to a share of a GPU's memory, and gives back to the GPU what a job no longer uses."""

from __future__ import annotations

import gc
import re

import torch

from trainables.data.loader.pipeline import release_unused
from trainables.training.gpu_memory import OUTSIDE_TORCH_MIB, OutOfGpuMemory, asked_mib, torch_limit

_SHORT = re.compile(
    r"out of memory|(memory|CUDA) allocation failed|ALLOC(ATION)?_FAILED|can't allocate",
    re.IGNORECASE,
)
"""How torch, CUDA's libraries and DALI say that a GPU has no memory left."""

_MAYBE_SHORT = re.compile(
    r"CUBLAS_STATUS_NOT_INITIALIZED|CUDNN_STATUS_INTERNAL_ERROR|unable to find an engine"
    r"|Failed to decode sample"
)
"""What they say of other faults, too: a shortage where next to nothing is free."""

_NEXT_TO_NOTHING_MIB = 256.0
"""A library's handle, a decoder's buffer or a convolution's workspace may need so much."""


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
    if device.type != "cuda" or not tells_of_shortage(str(error), device):
        return None
    held_mib = torch.cuda.max_memory_reserved(device) / 2**20
    needed_mib = held_mib + asked_mib(str(error)) + OUTSIDE_TORCH_MIB
    return OutOfGpuMemory(needed_mib, share * _total_mib(device), share)


def tells_of_shortage(message: str, device: torch.device) -> bool:
    """Return whether an error's message, from torch, CUDA's libraries or DALI, is of memory on a GPU."""
    if _SHORT.search(message):
        return True
    return bool(_MAYBE_SHORT.search(message)) and _free_mib(device) < _NEXT_TO_NOTHING_MIB


def _free_mib(device: torch.device) -> float:
    """Return the free memory of a GPU; nothing where not even a context fits."""
    try:
        return float(torch.cuda.mem_get_info(device)[0]) / 2**20
    except RuntimeError:
        return 0.0


def _total_mib(device: torch.device) -> float:
    total: int = torch.cuda.get_device_properties(device).total_memory
    return total / 2**20
