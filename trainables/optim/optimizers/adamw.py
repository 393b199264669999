"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field
from torch import nn
from torch.optim import AdamW, Optimizer

from trainables.base.schema import Config


class AdamWConfig(Config):
    """AdamW, in torch's fused form."""

    lr: float = Field(1e-3, gt=0.0, allow_inf_nan=False)
    """Learning rate."""
    beta1: float = Field(0.9, ge=0.0, lt=1.0)
    """Decay of the gradient's running mean, a step."""
    beta2: float = Field(0.999, ge=0.0, lt=1.0)
    """Decay of the running mean of its square, a step."""
    eps: float = Field(1e-8, gt=0.0, allow_inf_nan=False)
    """Added to the root of that mean."""
    weight_decay: float = Field(0.01, ge=0.0, allow_inf_nan=False)
    """Every weight shrinks by lr * weight_decay a step."""

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer of these parameters."""
        return AdamW(
            parameters,
            lr=self.lr,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            weight_decay=self.weight_decay,
            fused=True,
        )
