"""Lookahead: slow weights that follow those of any optimizer [Zhang et al. 2019, arXiv:1907.08610]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from trainables.base.schema import Config

if TYPE_CHECKING:
    from torch import Tensor


class Lookahead:
    """Every so many steps the slow weights go a share of the way to the fast ones, which begin there anew.

    The optimizer trains the fast weights, those of the network, and keeps its own state; slow ones begin as
    the fast ones are when this is made.
    """

    def __init__(self, weights: Iterable[Tensor], *, steps: int, share: float) -> None:
        self._fast = list(weights)
        self._slow = [each.detach().clone() for each in self._fast]
        self._steps, self._share, self._made = steps, share, 0

    def after_step(self) -> None:
        """Count a step of the optimizer, and bring both together where it was the last of a period."""
        import torch

        self._made += 1
        if self._made % self._steps:
            return
        with torch.no_grad():
            torch._foreach_lerp_(self._slow, self._fast, self._share)
            torch._foreach_copy_(self._fast, self._slow)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        return {"made": self._made, "slow": {str(place): each for place, each in enumerate(self._slow)}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned. Raises `KeyError` or `RuntimeError` for other weights'."""
        for place, each in enumerate(self._slow):
            each.copy_(state_dict["slow"][str(place)])
        self._made = state_dict["made"]


class LookaheadConfig(Config):
    """Slow weights follow the optimizer's, which begin at them anew every few steps."""

    steps: int = Field(5, ge=1)
    """Steps of the optimizer from one of the slow weights to the next, k in its paper; left-out fp16 steps
    count."""
    share: float = Field(0.5, gt=0.0, le=1.0)
    """How much of the way to the fast weights a slow step goes, alpha in its paper; 1: no Lookahead."""

    def build(self, weights: Iterable[Tensor]) -> Lookahead:
        """Make it for weights as they are before the first step."""
        return Lookahead(weights, steps=self.steps, share=self.share)
