"""The module of the weightings that set the gradients of pose and helper against each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from trainables.losses.weighting.gradients import Gradients
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates

SHARES = 1025
"""Values of w that are tried at once: a GPU is not waited for, as by a search step by step."""


class GroupWeighting(nn.Module):
    """Steps along what `combine` makes of the gradients [P] of pose and helper at what these share.

    Where a step has losses of one group alone it follows them.
    """

    rates = Rates()

    def __init__(
        self, weights: Mapping[str, LossWeight], combine: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.weights, self.combine = dict(weights), combine

    def backward(self, losses: Mapping[str, Tensor], gradients: Gradients, completed: int) -> Tensor:
        """Set the gradients of a step; return the weighted sum of the losses [], which all have a weight."""
        groups: dict[str, list[Tensor]] = {}
        for name, loss in losses.items():
            weight = self.weights[name]
            groups.setdefault(weight.group, []).append(weight.times(loss, completed))
        sums = {group: torch.stack(members).sum() for group, members in groups.items()}
        found = {group: gradients.of(loss) for group, loss in sums.items()}
        if found.keys() == {"pose", "helper"}:
            gradients.set(self.combine(found["pose"], found["helper"]))
        else:
            gradients.set(torch.stack(list(found.values())).sum(dim=0))
        return torch.stack(list(sums.values())).sum().detach()

    def learned(self) -> dict[str, float]:
        """Return nothing: no weight is learned."""
        return {}


def without_conflict(gradient: Tensor, other: Tensor) -> Tensor:
    """Return a gradient [P] without its part against another one [P]; itself where the two agree."""
    along = (gradient @ other).clamp(max=0) / (other @ other).clamp(min=torch.finfo(other.dtype).tiny)
    return gradient - along * other


def conflict_averse(one: Tensor, other: Tensor, c: float) -> Tensor:
    """Return the step d [P] with the largest min(one d, other d) that differs from g by at most c |g|.

    g = one + other. The problem's dual has one number: `d = g + c |g| m / |m|` for m = w one + (1 - w) other
    with the w in [0, 1] of the least `m g + c |g| |m|`, which is convex in w [Liu et al. 2021, section 3.1].
    """
    both = torch.stack([one, other])
    gram = (both @ both.T).double()
    total = gram.sum()  # |g|^2
    w = torch.linspace(0, 1, SHARES, dtype=torch.float64, device=one.device)
    for _ in range(2):  # then once more around the best, SHARES times as fine
        mixed = torch.stack([w, 1 - w])  # [2, SHARES]
        lengths = ((gram @ mixed) * mixed).sum(dim=0).clamp(min=0).sqrt()
        least = (gram.sum(dim=0) @ mixed + c * total.sqrt() * lengths).argmin()
        best = w.take(least)  # w[least] would wait for the GPU
        w = (best + (w - 0.5) * 2 / (SHARES - 1)).clamp(0, 1)
    mixture = best.to(one.dtype) * one + (1 - best).to(one.dtype) * other
    length = torch.linalg.vector_norm(mixture).clamp(min=torch.finfo(one.dtype).tiny)
    step: Tensor = one + other + c * total.sqrt().to(one.dtype) * mixture / length
    return step
