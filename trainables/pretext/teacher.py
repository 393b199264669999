"""A teacher: a slower copy of what is trained, which says what the trained one is to say."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

Module = TypeVar("Module", bound=nn.Module)


def copied(module: Module) -> Module:
    """Return a copy of a module that takes no gradients: a moving average of it, once it follows it."""
    return copy.deepcopy(module).requires_grad_(False)


@torch.no_grad()
def follow(teacher: nn.Module, student: nn.Module, momentum: float) -> None:
    """Move a copy's parameters towards the trained ones, `momentum` of the copy's stays.

    BatchNorm's running statistics are the copy's own: it normalises by the batch, as what is trained does.
    """
    for mine, theirs in zip(teacher.parameters(), student.parameters(), strict=True):
        mine.lerp_(theirs.to(mine.dtype), 1 - momentum)
