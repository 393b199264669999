"""The scale of an fp16 loss, and the steps that it costs.

A scale that is too large lets gradients overflow: the step is left out and the scale halved. How often
depends on the losses (from torch's 2^16, 11 of the first 24 steps at `ssl_weight: 200`, 3 with a regression
head), so that one design would train less than another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

FIRST_SCALE = 2.0**10  # six halvings less than torch's; doubled after every 2,000 steps that fit
FIRST_STEPS = 24  # whose overflows are repaired; looking for one waits for the device
MOST_HALVINGS = 24  # after which it is not the scale that makes a gradient infinite


class LossScale:
    """Scales the loss of an optimizer's steps where `enabled`, and counts the steps that were left out."""

    def __init__(self, optimizer: Optimizer, device: torch.device, *, enabled: bool) -> None:
        self.scaler = torch.amp.GradScaler(device.type, init_scale=FIRST_SCALE, enabled=enabled)
        self.enabled = enabled
        self._optimizer = optimizer
        self._steps = _Steps()
        optimizer.register_step_pre_hook(self._steps.count)

    def attempts(self, *, first: bool) -> Iterator[None]:
        """Yield once per pass, in which the caller computes gradients; step after each.

        There is one pass, but for `first` steps one more for each time that gradients overflow.
        """
        watched = first and self.enabled
        for _ in range(MOST_HALVINGS if watched else 1):
            before = self.scaler.get_scale() if watched else 0.0
            yield
            self.scaler.step(self._optimizer)
            self.scaler.update()
            if not watched or self.scaler.get_scale() >= before:
                return

    def made(self) -> int:
        """Return how many steps were made since the last call; this waits for the device."""
        made, self._steps.made = int(self._steps.made), 0
        return made


class _Steps:
    """Counts an optimizer's steps, and does not hold it: in a circle both would outlive their trial."""

    def __init__(self) -> None:
        self.made: int | Tensor = 0

    def count(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Count a step; an optimizer that is told of an overflow leaves the step out by itself."""
        found_inf: Tensor | None = getattr(optimizer, "found_inf", None)
        self.made = self.made + (1 if found_inf is None else (found_inf == 0).long())
