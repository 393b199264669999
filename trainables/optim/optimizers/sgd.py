"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from trainables.base.schema import Config

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


class SGDConfig(Config):
    """SGD with momentum, in torch's fused form."""

    adapts_steps: ClassVar[bool] = False

    lr: float = Field(0.01, gt=0.0)
    """Learning rate."""
    momentum: float = Field(0.9, ge=0.0, lt=1.0)
    """Decay of the velocity, per step."""
    nesterov: bool = False
    """Nesterov's form of momentum."""
    weight_decay: float = Field(0.0, ge=0.0)
    """Weight decay of every parameter, through the gradient."""

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> SGDConfig:
        if self.nesterov and self.momentum == 0.0:
            raise ValueError("nesterov needs a momentum above 0, got 0")
        return self

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer of these parameters."""
        import torch
        from torch.optim import SGD

        optimizer = SGD(
            parameters,
            lr=self.lr,
            momentum=self.momentum,
            nesterov=self.nesterov,
            weight_decay=self.weight_decay,
            fused=True,
        )
        if self.momentum:
            # Where the first step overflows, torch takes what lay in memory for the velocity.
            for group in optimizer.param_groups:
                for each in group["params"]:
                    optimizer.state[each]["momentum_buffer"] = torch.zeros_like(each)
        return optimizer
