"""Weightings to test with: one that learns, one whose total is no sum, and one that works on gradients."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from pydantic import Field
from torch import Tensor, nn

from trainables.base.schema import Config
from trainables.losses.weighting import LossWeight
from trainables.losses.weighting.gradients import Gradients
from trainables.losses.weighting.weighting import Rates


class Uncertainty(nn.Module):
    """`sum of w_i (L_i / (2 exp s_i) + s_i / 2)` with learned s_i (Kendall 2018, in LibMTL's form)."""

    def __init__(self, weights: Mapping[str, LossWeight], start: float, rates: Rates) -> None:
        super().__init__()
        self.weights, self.rates = dict(weights), rates
        self.log_variances = nn.ParameterDict({name: torch.full((), start) for name in weights})

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        terms = []
        for name, loss in losses.items():
            weight, s = self.weights[name], self.log_variances[name]
            terms.append(weight.times(loss / (2 * s.exp()) + s / 2, completed))
        return torch.stack(terms).sum()

    def learned(self) -> dict[str, float]:
        return {name: float(1 / (2 * s.detach().exp())) for name, s in self.log_variances.items()}


class UncertaintyConfig(Config):
    """Losses are divided by a learned variance."""

    start: float = Field(-0.5, ge=-10.0, le=10.0)
    """The first logarithm of each variance."""
    lr: float = Field(0.025, gt=0.0)
    """Its learning rate."""

    def build(self, weights: Mapping[str, LossWeight]) -> Uncertainty:
        """Make the weighting; its parameters do not decay."""
        return Uncertainty(weights, self.start, Rates(self.lr, weight_decay=0.0))


class GeometricMean(nn.Module):
    """`exp(sum of w_i log L_i / sum of w_i)`; losses must be above 0."""

    rates = Rates()

    def __init__(self, weights: Mapping[str, LossWeight]) -> None:
        super().__init__()
        self.weights = dict(weights)

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        values = [self.weights[name].value(completed) for name in losses]
        logs = [value * (loss + 1e-8).log() for value, loss in zip(values, losses.values(), strict=True)]
        return (torch.stack(logs).sum() / sum(values)).exp()

    def learned(self) -> dict[str, float]:
        return {}


class GeometricMeanConfig(Config):
    """The losses' geometric mean."""

    def build(self, weights: Mapping[str, LossWeight]) -> GeometricMean:
        """Make the weighting."""
        return GeometricMean(weights)


class PCGrad(nn.Module):
    """The gradients of pose and helper, each without its part against the other (Yu 2020)."""

    rates = Rates()

    def __init__(self, weights: Mapping[str, LossWeight]) -> None:
        super().__init__()
        self.weights = dict(weights)

    def backward(self, losses: Mapping[str, Tensor], gradients: Gradients, completed: int) -> Tensor:
        groups: dict[str, list[Tensor]] = {}
        for name, loss in losses.items():
            weight = self.weights[name]
            groups.setdefault(weight.group, []).append(weight.times(loss, completed))
        sums = [torch.stack(group).sum() for group in groups.values()]
        found = [gradients.of(loss) for loss in sums]
        gradients.set(torch.stack([_apart(one, found) for one in found]).sum(dim=0))
        return torch.stack(sums).sum().detach()

    def learned(self) -> dict[str, float]:
        return {}


def _apart(one: Tensor, others: list[Tensor]) -> Tensor:
    kept = one
    for other in others:
        if other is not one:
            along = (kept @ other).clamp(max=0) / (other @ other).clamp(min=1e-30)
            kept = kept - along * other
    return kept


class PCGradConfig(Config):
    """Gradients of pose and helper that point against each other are made perpendicular."""

    def build(self, weights: Mapping[str, LossWeight]) -> PCGrad:
        """Make the weighting."""
        return PCGrad(weights)
