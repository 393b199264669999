"""A share of a GPU's memory in numbers: what torch may have of it, and what a job lacked."""

from __future__ import annotations

import re

OUTSIDE_TORCH_MIB = 1024.0
"""Room in a share for what torch's limit does not bind: the CUDA context and DALI's pools."""

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


def asked_mib(message: str) -> float:
    """Return the size of the allocation that torch says has failed; 0 where the message names none."""
    asked = _ASKED.search(message)
    return float(asked[1]) * _MIB[asked[2]] if asked else 0.0
