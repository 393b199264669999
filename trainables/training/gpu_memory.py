"""A share of a GPU's memory: torch is kept to it, and what a job no longer uses goes back to the GPU."""

from __future__ import annotations

import gc
import re

import torch

from trainables.data.loader.pipeline import release_unused

OUTSIDE_TORCH_MIB = 1024.0
"""Room in a share for what torch's limit does not bind: the CUDA context and DALI's pools."""

_SHORT = re.compile(r"out of memory|memory allocation failed|ALLOC_FAILED|can't allocate", re.IGNORECASE)
"""How torch, CUDA's libraries and DALI say that a GPU has no memory left."""

_ASKED = re.compile(r"Tried to allocate ([\d.]+) (KiB|MiB|GiB)")
_MIB = {"KiB": 2**-10, "MiB": 1.0, "GiB": 2.0**10}


class OutOfGpuMemory(Exception):
    """A job needs more memory than its share of a GPU has."""

    def __init__(self, needed_mib: float, given_mib: float, share: float) -> None:
        super().__init__(needed_mib, given_mib, share)  # what a pickled copy is made from
        self.needed_mib, self.given_mib, self.share = needed_mib, given_mib, share

    def __str__(self) -> str:
        return (
            f"out of GPU memory: it needs more than {self.needed_mib:.0f} MiB, "
            f"and {self.share:g} of this GPU is {self.given_mib:.0f} MiB"
        )


def torch_limit(share: float, total_mib: float) -> float:
    """Return the share of a GPU that torch may allocate: what `OUTSIDE_TORCH_MIB` leaves, at least half."""
    return 1.0 if share >= 1 else max(share - OUTSIDE_TORCH_MIB / total_mib, share / 2)


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


def asked_mib(message: str) -> float:
    """Return the size of the allocation that torch says has failed; 0 where the message names none."""
    asked = _ASKED.search(message)
    return float(asked[1]) * _MIB[asked[2]] if asked else 0.0


def _total_mib(device: torch.device) -> float:
    total: int = torch.cuda.get_device_properties(device).total_memory
    return total / 2**20
