"""What the settings of an optimizer must offer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


class OptimizerConfig(Protocol):
    """The settings of an optimizer."""

    @property
    def adapts_steps(self) -> bool:
        """Whether it scales the step of each weight by its gradients, as the weights of LayerNorm need it."""

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer of these parameters."""
