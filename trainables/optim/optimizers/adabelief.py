"""AdaBelief, the paper's optimizer: from the package adabelief-pytorch, or over all parameters at once."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from trainables.base.schema import Config

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer


class AdaBeliefConfig(Config):
    """AdaBelief, the paper's optimizer.

    The paper gives the learning rate only; the other defaults are the package's, which equal those of the
    TensorFlow version that the paper used, except for eps (1e-14 there).

    With `rectify` the first five steps follow the mean gradient without normalising it, so that they can be
    very large where `ssl_weight` is. `clip_norm`, `degenerated_to_sgd: false`, which skips these steps, or
    `rectify: false` prevents that. Rectified steps then stay short for some hundred steps.
    """

    adapts_steps: ClassVar[bool] = True

    lr: float = Field(1e-3, gt=0.0)
    """Learning rate [paper 4.1, 4.2]."""
    beta1: float = Field(0.9, ge=0.0, lt=1.0)
    """Decay of the gradient's running mean, per step."""
    beta2: float = Field(0.999, ge=0.0, lt=1.0)
    """Decay of the running variance around that mean, per step."""
    eps: float = Field(1e-16, gt=0.0)
    """Added to the variance and its root; the author advises 1e-8 for CNNs that SGD trains better."""
    weight_decay: float = Field(0.0, ge=0.0)
    """Weight decay of every parameter."""
    weight_decouple: bool = True
    """Shrink the weights themselves, by lr * weight_decay per step (as AdamW), not through the gradient."""
    rectify: bool = True
    """Shorten early steps according to the variance of the adaptive learning rate, as RAdam does."""
    degenerated_to_sgd: bool = True
    """In the first five steps, too few to rectify, step along the mean gradient; false: do not step."""
    implementation: Literal["auto", "package", "multi_tensor"] = "auto"
    """`package`: adabelief-pytorch, parameter by parameter. `multi_tensor`: all at once, equal but for
    rounding, in a fraction of the kernels. auto: `multi_tensor` on a GPU, `package` on a CPU."""

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer of these parameters, on the device that they are on by now."""
        parameters = list(parameters)
        if self.implementation == "package" or (self.implementation == "auto" and not _on_gpu(parameters)):
            return self._package(parameters)
        from trainables.optim.optimizers.multi_tensor_adabelief import MultiTensorAdaBelief

        return MultiTensorAdaBelief(parameters, **self._settings())

    @property
    def capture_fault(self) -> str | None:
        """Return that the package counts steps by itself."""
        return "adabelief-pytorch counts its steps on the CPU" if self.implementation == "package" else None

    def _package(self, parameters: list[nn.Parameter]) -> Optimizer:
        """Make the package's optimizer, without its messages."""
        from adabelief_pytorch import AdaBelief

        with contextlib.redirect_stdout(io.StringIO()):  # some are printed whatever `print_change_log` says
            optimizer: Optimizer = AdaBelief(parameters, **self._settings(), print_change_log=False)
        return optimizer

    def _settings(self) -> dict[str, Any]:
        """Return what both implementations are made with, by the package's names."""
        settings = self.model_dump(exclude={"implementation", "beta1", "beta2"})
        return {**settings, "betas": (self.beta1, self.beta2)}


def _on_gpu(parameters: list[Any]) -> bool:
    """Return whether parameters, or the first of groups of them, are on a GPU."""
    first = next(iter(parameters), None)
    if isinstance(first, dict):
        return _on_gpu(first["params"])
    return first is not None and bool(first.device.type == "cuda")
