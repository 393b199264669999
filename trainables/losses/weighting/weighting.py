"""What a loss weighting is: it makes one loss of many, or owns the backward pass of a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from trainables.losses.weighting.loss_weight import LossWeight

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from trainables.losses.weighting.gradients import Gradients


@dataclass(frozen=True)
class Rates:
    """Learning rate and weight decay of a weighting's own parameters; None: those of the network."""

    lr: float | None = None
    weight_decay: float | None = None


class _Trained(Protocol):
    """What both kinds of weighting are besides: an `nn.Module`, whose parameters are trained too."""

    @property
    def rates(self) -> Rates:
        """How its parameters are trained."""

    def learned(self) -> dict[str, float]:
        """Return what each loss is multiplied by now, as far as that is learned; empty where nothing is."""

    def to(self, device: torch.device) -> Any:
        """Move parameters and buffers to a device."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Yield the parameters that are learned with the network; none for fixed weights."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Any:
        """Restore what `state_dict` returned."""


class Weighting(_Trained, Protocol):
    """Makes one loss of all of them."""

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        """Return the loss [] to minimise in the epoch after `completed` ones, from losses [] by name.

        A helper's losses are missing in epochs in which its task is off.
        """


@runtime_checkable
class GradientWeighting(_Trained, Protocol):
    """Combines the gradients of the losses where these meet: at the parameters that they share."""

    def backward(self, losses: Mapping[str, Tensor], gradients: Gradients, completed: int) -> Tensor:
        """Set the gradient of every parameter by `gradients`; return the loss [] to report as the total."""


@runtime_checkable
class LooksBack(Protocol):
    """A weighting that learns from what a step has done to its losses."""

    def after_step(self, losses: Mapping[str, Tensor]) -> None:
        """Take in the losses [] of the same images after the step, without a gradient.

        Nothing is forwarded again for a lone loss.
        """


@runtime_checkable
class ForwardsAgain(Protocol):
    """The settings of a weighting whose steps forward their images again, for `LooksBack`."""

    @property
    def forwards_again(self) -> float:
        """How often, without a backward pass; a step of a lone loss, which needs none, is counted alike."""


def forwards_again(config: WeightingConfig) -> float:
    """Return how often the steps of a weighting forward their images again: 0 for most."""
    return config.forwards_again if isinstance(config, ForwardsAgain) else 0.0


@runtime_checkable
class BacksAgain(Protocol):
    """The settings of a weighting whose steps go back through the shared trunk more than once."""

    @property
    def backs_again(self) -> float:
        """How often more, of a step of pose and helper."""


def backs_again(config: WeightingConfig) -> float:
    """Return how often more than once the steps of a weighting go back: 0 for most."""
    return config.backs_again if isinstance(config, BacksAgain) else 0.0


class WeightingConfig(Protocol):
    """The settings of a loss weighting; `ForwardsAgain` or `BacksAgain` too where its steps cost more."""

    def build(self, weights: Mapping[str, LossWeight]) -> Weighting | GradientWeighting:
        """Make the weighting of losses by name, each with its configured weight, schedule and group."""
