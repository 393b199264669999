"""The module of the weighting `dwa`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class DwaWeighting(nn.Module):
    """`sum of w_i f_i L_i`, whose factors f change from epoch to epoch.

    Means are kept on the device: no step waits for them. A loss that was off for an epoch counts as one that
    did not change. A signed loss has f = 1: the ratio of two of its means says nothing.
    """

    rates = Rates()
    sums: Tensor
    steps: Tensor
    last: Tensor
    before: Tensor

    def __init__(self, weights: Mapping[str, LossWeight], temperature: float) -> None:
        super().__init__()
        self.weights, self.temperature = dict(weights), temperature
        self._places = {name: place for place, name in enumerate(weights)}
        self._epoch = 0
        for name in ("sums", "steps"):  # of the epoch that is under way
            self.register_buffer(name, torch.zeros(len(weights)))
        for name in ("last", "before"):  # means of the two epochs before it; NaN where there was none
            self.register_buffer(name, torch.full((len(weights),), torch.nan))

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        """Return the weighted sum []; every loss must have a weight."""
        if completed != self._epoch:
            self._turn(completed)
        factors = self._factors([name for name in losses if self.weights[name].value(completed)])
        for name, loss in losses.items():
            self.sums[self._places[name]] += loss.detach()
            self.steps[self._places[name]] += 1
        terms = [
            self.weights[name].times(factors.get(name, torch.ones_like(loss)) * loss, completed)
            for name, loss in losses.items()
        ]
        return torch.stack(terms).sum()

    def learned(self) -> dict[str, float]:
        """Return the factors of the epoch."""
        return {name: float(factor) for name, factor in self._factors(list(self.weights)).items()}

    def get_extra_state(self) -> int:
        """Return the epochs completed, for the checkpoint."""
        return self._epoch

    def set_extra_state(self, state: Any) -> None:
        """Take over what `get_extra_state` returned."""
        self._epoch = int(state)

    def _turn(self, completed: int) -> None:
        """Begin another epoch."""
        self.before.copy_(self.last)
        self.last.copy_(self.sums / self.steps)  # NaN where a loss was off
        self.sums.zero_()
        self.steps.zero_()
        self._epoch = completed

    def _factors(self, names: list[str]) -> dict[str, Tensor]:
        names = [name for name in names if not self.weights[name].signed]
        if not names:
            return {}
        each = (self.last / self.before).nan_to_num(nan=1.0)
        ratios = torch.stack([each[self._places[name]] for name in names])  # a list of places would be sent
        factors = len(names) * torch.softmax(ratios / self.temperature, dim=0)
        return dict(zip(names, factors, strict=True))
