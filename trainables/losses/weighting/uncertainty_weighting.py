"""The module of the weighting `uncertainty`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class UncertaintyWeighting(nn.Module):
    """`sum of w_i (f_i L_i + s_i / 2)` with `f_i = 1 / (2 exp s_i)` and learned s_i.

    A helper's f is at most `most` times the least of the pose's; its s then rests. A helper whose loss is .05
    beside a pose's 10 would otherwise count 200 times as much. A signed loss has f = 1 and no s, which would
    fall without end while the loss is below 0.
    """

    _one: Tensor

    def __init__(self, weights: Mapping[str, LossWeight], start: float, most: float, rates: Rates) -> None:
        super().__init__()
        self.weights, self.most, self.rates = dict(weights), most, rates
        self.register_buffer("_one", torch.ones(()), persistent=False)
        self.log_variances = nn.ParameterDict(
            {name: torch.full((), start) for name, weight in weights.items() if not weight.signed}
        )

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        """Return the weighted sum []; every loss must have a weight."""
        bound = self._bound(losses)
        terms = []
        for name, loss in losses.items():
            weight, term = self.weights[name], loss
            if not weight.signed:
                factor, s = self._factor(name), self.log_variances[name]
                term = factor * loss + s / 2
                if bound is not None and weight.group == "helper":
                    term = torch.where(factor <= bound, term, bound * loss)
            terms.append(weight.times(term, completed))
        return torch.stack(terms).sum()

    def learned(self) -> dict[str, float]:
        """Return what each loss is multiplied by beside its configured weight."""
        bound = self._bound(self.weights)
        return {
            name: float(self._factor(name).detach())
            if bound is None or weight.group == "pose" or weight.signed
            else float(torch.minimum(self._factor(name).detach(), bound))
            for name, weight in self.weights.items()
        }

    def _factor(self, name: str) -> Tensor:
        if self.weights[name].signed:
            return self._one
        factor: Tensor = (-self.log_variances[name]).exp() / 2
        return factor

    def _bound(self, names: Iterable[str]) -> Tensor | None:
        """Return the largest factor of a helper beside these losses; None where none is the pose's."""
        pose = [self._factor(name).detach() for name in names if self.weights[name].group == "pose"]
        return self.most * torch.stack(pose).min() if pose else None
