"""AdaBelief's step over all parameters at once: some ten operations, not ten for every parameter.

The package adabelief-pytorch steps one parameter after the other, which on a GPU is most of all kernels that
a training step launches, and lets a gradient scaler wait for the device to know whether to step. Here every
operation takes the whole list (`torch._foreach_*`), and a step that must not be made, since gradients
overflowed, is multiplied away on the device.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

LEAST_DEGREES_OF_FREEDOM = 5  # from which on RAdam calls the adaptive rate's variance tractable


class MultiTensorAdaBelief(Optimizer):
    """AdaBelief [arXiv:2010.07468] with RAdam's rectification [arXiv:1908.03265].

    The settings mean what they mean in `AdaBeliefConfig`. Checkpoints have the package's form, so that a run
    may go on with either. Steps differ from the package's by rounding.
    """

    # Tells `torch.amp.GradScaler` to leave unscaling, and steps that overflowed, to `step`.
    _step_supports_amp_scaling = True

    def __init__(
        self,
        parameters: Iterable[Parameter],
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        weight_decouple: bool,
        rectify: bool,
        degenerated_to_sgd: bool,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": False}
        super().__init__(parameters, defaults)
        self._weight_decouple, self._rectify = weight_decouple, rectify
        self._degenerated_to_sgd = degenerated_to_sgd

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # nothing here evaluates twice
        """Step every parameter that has a gradient; gradients may change.

        Where a `GradScaler` has found an overflow, neither weights nor state change.
        """
        scale: Tensor | None = getattr(
            self, "grad_scale", None
        )  # None also where gradients are unscaled already
        found_inf: Tensor | None = getattr(self, "found_inf", None)
        kept = 1.0 if found_inf is None else (found_inf == 0).float()
        for group in self.param_groups:
            for step, parameters in self._alike(group["params"]):
                gradients = [_gradient(each) for each in parameters]
                if found_inf is not None:
                    for gradient in gradients:
                        gradient.nan_to_num_(0.0, 0.0, 0.0)  # times 0, an infinity would be NaN
                    torch._foreach_mul_(gradients, kept if scale is None else kept / scale)
                step += kept
                self._step(group, step, parameters, gradients, kept)

    def _alike(self, parameters: list[Tensor]) -> list[tuple[Tensor, list[Tensor]]]:
        """Group parameters with a gradient by the steps they have made, which all of a group share."""
        shared: dict[int, list[Tensor]] = {}
        for parameter in parameters:
            if parameter.grad is not None and parameter not in self.state:
                zeros = {name: torch.zeros_like(parameter) for name in ("exp_avg", "exp_avg_var")}
                self.state[parameter] = {"step": None, **zeros}
            if parameter in self.state:
                shared.setdefault(id(self.state[parameter]["step"]), []).append(parameter)
        found = []
        for together in shared.values():
            stepped = [each for each in together if each.grad is not None]
            if not stepped:
                continue
            step: Tensor | None = self.state[stepped[0]]["step"]
            if step is None:
                step = torch.zeros((), dtype=torch.float64, device=stepped[0].device)
            elif len(stepped) < len(together):  # those without a gradient stay behind from here on
                step = step.clone()
            for each in stepped:
                self.state[each]["step"] = step
            found.append((step, stepped))
        return found

    def _step(
        self,
        group: dict[str, Any],
        step: Tensor,
        parameters: list[Tensor],
        gradients: list[Tensor],
        kept: float | Tensor,
    ) -> None:
        """Step parameters of one `step`; `kept` is 0 where nothing may change, else 1."""
        (beta1, beta2), decay = group["betas"], group["weight_decay"]
        mean = [self.state[each]["exp_avg"] for each in parameters]
        variance = [self.state[each]["exp_avg_var"] for each in parameters]
        if decay and self._weight_decouple:
            torch._foreach_mul_(parameters, 1 - group["lr"] * decay * kept)
        elif decay:
            torch._foreach_add_(gradients, list(torch._foreach_mul(parameters, decay * kept)))
        torch._foreach_mul_(mean, 1 - (1 - beta1) * kept)
        torch._foreach_add_(mean, gradients, alpha=1 - beta1)
        residual = torch._foreach_sub(gradients, mean)
        torch._foreach_mul_(residual, kept)
        torch._foreach_mul_(variance, 1 - (1 - beta2) * kept)
        torch._foreach_addcmul_(variance, residual, residual, value=1 - beta2)
        torch._foreach_add_(variance, group["eps"] * kept)
        slope, offset = self._denominator(group, step, kept)
        denominator = torch._foreach_sqrt(variance)
        torch._foreach_mul_(denominator, slope)
        torch._foreach_add_(denominator, offset)
        torch._foreach_addcdiv_(parameters, mean, denominator, value=-1.0)

    def _denominator(
        self, group: dict[str, Any], step: Tensor, kept: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return a and b: a step is mean / (a * sqrt(variance) + b), b infinite where none is made.

        All is computed on the device, as only it knows how many steps were left out.
        """
        (beta1, beta2), eps = group["betas"], group["eps"]
        done = step.clamp(min=1.0)
        length = group["lr"] * kept / (1 - beta1**done)
        remaining = 1 - beta2**done
        if not self._rectify:
            return _inverse(length, remaining.rsqrt(), eps)
        most = 2 / (1 - beta2) - 1
        freedom = most - 2 * done * (1 - remaining) / remaining
        tractable = freedom >= LEAST_DEGREES_OF_FREEDOM
        shortened = remaining * (freedom - 4) / (most - 4) * (freedom - 2) / freedom * most / (most - 2)
        early = 1.0 if self._degenerated_to_sgd else 0.0
        length = length * torch.where(tractable, shortened.clamp(min=0.0).sqrt(), early)
        return _inverse(length, tractable.double(), torch.where(tractable, eps, 1.0))

    def state_dict(self) -> dict[str, Any]:
        """Return the state in the package's form: the steps of each parameter as a whole number."""
        state_dict = super().state_dict()
        counts = {step: int(step) for step in {state["step"] for state in state_dict["state"].values()}}
        state_dict["state"] = {
            index: {**state, "step": counts[state["step"]]} for index, state in state_dict["state"].items()
        }
        for group in state_dict["param_groups"]:
            group["buffer"] = [[None, None, None] for _ in range(10)]  # where the package keeps rates
        return state_dict

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state of this optimizer or of the package's."""
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group.pop("buffer", None)
            begun = [each for each in group["params"] if self.state.get(each)]
            counts = {int(self.state[each]["step"]): each.device for each in begun}
            steps = {
                count: torch.tensor(float(count), dtype=torch.float64, device=device)
                for count, device in counts.items()
            }
            for each in begun:
                self.state[each]["step"] = steps[int(self.state[each]["step"])]


def _gradient(parameter: Tensor) -> Tensor:
    """Return the gradient of a parameter that has one."""
    if parameter.grad is None:
        raise ValueError("a parameter without a gradient is not stepped")
    return parameter.grad


def _inverse(length: Tensor, slope: Tensor, offset: Tensor | float) -> tuple[Tensor, Tensor]:
    """Return slope and offset divided by a step's length; the offset of a length of 0 is infinite."""
    made = length > 0
    return (
        torch.where(made, slope / length, 0.0).float(),
        torch.where(made, offset / length, torch.inf).float(),
    )
