"""A launch as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LaunchRequest:
    """Which search space, below which root, and what is given in place of the file's own budget.

    `address` is that of a Ray cluster, None for this machine, and under a Ray job for the cluster of that
    job. `without_token` takes a Ray that whoever reaches its ports can use. `in_process` starts no Ray: one
    trial at a time runs in the process of the launch.
    """

    space: Path
    root: Path
    trials: int | None = None
    epochs: int | None = None
    address: str | None = None
    without_token: bool = False
    in_process: bool = False
