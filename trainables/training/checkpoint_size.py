"""How many checkpoints of a trial there are, and what they take of a disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainables.training.config import TrainConfig

KEEP = 2
"""Checkpoints kept of a running trial: where the newest cannot be read, the one before can."""

COPIES = 4
"""Numbers in a checkpoint for each weight: it, its best value, and two moments of the optimizer."""


def checkpoints_bytes(config: TrainConfig) -> int:
    """Return what the checkpoints of a trial take, the one being written included; the trunk alone counts."""
    average = 0 if config.average.build(config.epochs) is None else 1
    return (KEEP + 1) * (COPIES + average) * config.network.backbone.trunk_values * 4
