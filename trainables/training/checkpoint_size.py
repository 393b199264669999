"""How many checkpoints of a trial there are, and what they take of a disk."""

from __future__ import annotations

KEEP = 2
"""Checkpoints kept of a running trial: where the newest cannot be read, the one before can."""

COPIES = 4
"""Numbers in a checkpoint for each weight: it, its best value, and two moments of the optimizer."""


def checkpoints_bytes(weights: int) -> int:
    """Return what the checkpoints of a trial with so many weights take, the one being written included."""
    return (KEEP + 1) * COPIES * weights * 4
