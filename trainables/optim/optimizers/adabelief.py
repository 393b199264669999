"""AdaBelief, the paper's optimizer, from the package adabelief-pytorch."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

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

    def build(self, parameters: Iterable[nn.Parameter]) -> Optimizer:
        """Make the optimizer of these parameters, without the package's messages."""
        from adabelief_pytorch import AdaBelief

        with contextlib.redirect_stdout(io.StringIO()):  # some are printed whatever `print_change_log` says
            optimizer: Optimizer = AdaBelief(
                list(parameters),
                lr=self.lr,
                betas=(self.beta1, self.beta2),
                eps=self.eps,
                weight_decay=self.weight_decay,
                weight_decouple=self.weight_decouple,
                rectify=self.rectify,
                degenerated_to_sgd=self.degenerated_to_sgd,
                print_change_log=False,
            )
        return optimizer
