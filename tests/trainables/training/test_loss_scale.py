"""The scale of an fp16 loss, on a gradient that overflows from a scale of 512 on."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from trainables.optim.optimizers import AdaBeliefConfig, AdamWConfig, SGDConfig
from trainables.training.loss_scale import FIRST_SCALE, MOST_HALVINGS, LossScale

CPU = torch.device("cpu")


class Run:
    """One weight, and what its steps cost."""

    def __init__(self, config: Any, *, enabled: bool = True, slope: float = 200.0) -> None:
        self.weight, self.slope, self.passes = nn.Parameter(torch.zeros(1)), slope, 0
        self.optimizer = config.build([self.weight])
        self.scale = LossScale(self.optimizer, CPU, enabled=enabled)

    def step(self, *, first: bool) -> None:
        for _ in self.scale.attempts(first=first):
            self.passes += 1
            self.optimizer.zero_grad()
            loss = (self.weight.half() * self.slope).sum().float()
            torch.autograd.backward(self.scale.scaler.scale(loss))


@pytest.mark.parametrize(
    "config",
    [
        AdaBeliefConfig(),
        AdaBeliefConfig(implementation="multi_tensor"),
        AdamWConfig(),
        SGDConfig(),
    ],
)
def test_a_first_step_that_overflows_is_made_again_at_half_the_scale(config: Any) -> None:
    run = Run(config)
    run.step(first=True)
    assert (run.scale.scaler.get_scale(), run.passes, run.scale.made()) == (256.0, 3, 1)
    assert run.weight.item() < 0
    run.step(first=True)
    assert (run.passes, run.scale.made(), run.scale.made()) == (4, 1, 0)

    later = Run(config)
    for _ in range(3):
        later.step(first=False)
    assert (later.scale.scaler.get_scale(), later.passes, later.scale.made()) == (256.0, 3, 1)


def test_a_gradient_that_no_scale_makes_finite_does_not_hold_a_run() -> None:
    run = Run(SGDConfig(), slope=float("inf"))
    run.step(first=True)
    assert (run.passes, run.scale.made(), run.weight.item()) == (MOST_HALVINGS, 0, 0.0)


def test_a_loss_that_is_not_scaled_is_stepped_once() -> None:
    run = Run(SGDConfig(), enabled=False)
    run.step(first=True)
    assert (run.passes, run.scale.made(), run.weight.item()) == (1, 1, -2.0)
    assert run.scale.scaler.state_dict() == {} and FIRST_SCALE == 2.0**10
