"""The module of the weighting `famo`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class FamoWeighting(nn.Module):
    """`sum of w_i f_i L_i`, whose n factors are `n (z_i / L_i) / sum of z_j / L_j` with z = softmax(logits).

    The logits follow from what each step does to its losses, and are no parameters: no gradient of the total
    reaches them. They and Adam's averages of their gradients are buffers, which a checkpoint holds. A loss
    that is off, or weighs nothing, keeps its logit and leaves those of others alone; a signed one has f = 1.
    """

    rates = Rates()
    logits: Tensor
    first_moment: Tensor
    second_moment: Tensor
    factors: Tensor
    steps: Tensor

    def __init__(
        self, weights: Mapping[str, LossWeight], *, lr: float, weight_decay: float, most: float, floor: float
    ) -> None:
        super().__init__()
        self.weights = dict(weights)
        self.lr, self.weight_decay, self.most, self.floor = lr, weight_decay, most, floor
        self._places = {name: place for place, name in enumerate(weights)}
        self._before: dict[str, Tensor] = {}
        for name in ("logits", "first_moment", "second_moment"):
            self.register_buffer(name, torch.zeros(len(weights)))
        self.register_buffer("factors", torch.ones(len(weights)))
        self.register_buffer("steps", torch.zeros(()))

    def total(self, losses: Mapping[str, Tensor], completed: int) -> Tensor:
        """Return the weighted sum []; every loss must have a weight."""
        counted = {name: loss for name, loss in losses.items() if self._counts(name, completed)}
        self._before = {name: loss.detach() for name, loss in counted.items()}
        factors = self._factors() if counted else {}
        for name, factor in factors.items():
            self.factors[self._places[name]] = factor
        terms = [
            self.weights[name].times(factors.get(name, torch.ones_like(loss)) * loss, completed)
            for name, loss in losses.items()
        ]
        return torch.stack(terms).sum()

    def after_step(self, losses: Mapping[str, Tensor]) -> None:
        """Move the logits by what the step has made of the losses [] that the last total was of."""
        names = list(self._before)
        if not names:
            return
        fell = self._logarithms(self._before) - self._logarithms({name: losses[name] for name in names})
        states = [self._of(each, names) for each in (self.logits, self.first_moment, self.second_moment)]
        logits, first, second = states
        z = torch.softmax(logits, dim=0)
        adam(
            [logits],
            [z * (fell - (z * fell).sum())],  # the gradient of sum z_i fell_i
            [first],
            [second],
            [],
            [self.steps],
            capturable=self.steps.is_cuda,  # else the device would be waited for
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.lr,
            weight_decay=self.weight_decay,
            eps=1e-8,
            maximize=False,
        )
        for buffer, moved in zip((self.logits, self.first_moment, self.second_moment), states, strict=True):
            for number, name in enumerate(names):
                buffer[self._places[name]] = moved[number]

    def learned(self) -> dict[str, float]:
        """Return the factors of the last step."""
        return dict(zip(self._places, self.factors.tolist(), strict=True))

    def _factors(self) -> dict[str, Tensor]:
        """Return the factors for the losses before the step."""
        names = list(self._before)
        inverse = torch.softmax(self._of(self.logits, names), dim=0) / self._logarithms(self._before).exp()
        factors = dict(zip(names, len(names) * inverse / inverse.sum(), strict=True))
        pose = [factor for name, factor in factors.items() if self.weights[name].group == "pose"]
        if any(weight.signed and weight.group == "pose" for weight in self.weights.values()):
            pose.append(torch.ones_like(inverse[0]))
        if not pose:
            return factors
        bound = self.most * torch.stack(pose).min()
        return {
            name: factor if self.weights[name].group == "pose" else torch.minimum(factor, bound)
            for name, factor in factors.items()
        }

    def _counts(self, name: str, completed: int) -> bool:
        """Return whether a loss is weighed against others."""
        return not self.weights[name].signed and bool(self.weights[name].value(completed))

    def _logarithms(self, losses: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([*losses.values()]).clamp(min=self.floor).log()

    def _of(self, buffer: Tensor, names: Sequence[str]) -> Tensor:
        return torch.stack([buffer[self._places[name]] for name in names])
