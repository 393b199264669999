"""Computes a part of a network in fp32 where the rest is in half precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def in_fp32(head: Callable[[Tensor], Tensor], maps: Tensor) -> Tensor:
    """Return what a head makes of maps [B, C, H, W], in fp32 whatever the trunk computes in.

    An angle that is read from half precision is off by up to some tenths of a degree, and the exported
    network would not give the poses that were measured.
    """
    import torch

    kind = maps.device.type
    if not (torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)):
        return head(maps)
    with torch.autocast(kind, enabled=False):
        return head(maps.float())
