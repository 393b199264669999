"""What a loss weighting is: many losses into the one that is stepped on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from torch import Tensor, nn


class Weighting(Protocol):
    """Puts the losses together; every implementation is an `nn.Module`, whose parameters are trained too."""

    def total(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the loss [] to minimise, from losses [] by angle or branch name."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield what is learned with the network; nothing for fixed weights."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Take up what `state_dict` gave."""


class WeightingConfig(Protocol):
    """The settings of a loss weighting."""

    def build(self, weights: Mapping[str, float]) -> Weighting:
        """Make the weighting for losses with these names and configured weights."""
