"""AdamW: Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainables.base.schema import Config

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


class AdamWConfig(Config):
    """AdamW, in torch's fused form."""

    adapts_steps: ClassVar[bool] = True

    lr: float = Field(1e-3, gt=0.0)
    """Learning rate."""
    beta1: float = Field(0.9, ge=0.0, lt=1.0)
    """Decay of the gradient's running mean, per step."""
    beta2: float = Field(0.999, ge=0.0, lt=1.0)
    """Decay of the running mean of its square, per step."""
    eps: float = Field(1e-8, gt=0.0)
    """Added to the root of that mean."""
    weight_decay: float = Field(0.01, ge=0.0)
    """Every weight shrinks by lr * weight_decay per step."""

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer of these parameters."""
        from torch.optim import AdamW

        return AdamW(
            parameters,
            lr=self.lr,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            weight_decay=self.weight_decay,
            fused=True,
        )
