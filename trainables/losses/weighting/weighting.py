"""What a loss weighting is: it combines many losses into the one that is minimised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor, nn


class Weighting(Protocol):
    """Combines the losses; every implementation is an `nn.Module`, whose parameters are trained too."""

    def total(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Return the loss [] to minimise, from losses [] by angle or branch name."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that are learned with the network; none for fixed weights."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Restore what `state_dict` returned."""


class WeightingConfig(Protocol):
    """The settings of a loss weighting."""

    def build(self, weights: Mapping[str, float]) -> Weighting:
        """Make the weighting of losses by name, each with its configured weight."""
