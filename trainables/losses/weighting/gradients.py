"""The gradients of the losses of one step where these meet, for weightings that combine them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Gradients:
    """The gradients of one step at the parameters that all losses share: the trunk's up to the flag.

    In mixed precision each loss is scaled before its pass, so that fp16 gradients do not vanish, and what
    `of` returns is not: a method whose result is no multiple of its gradients' sees them as they are.
    """

    def __init__(self, shared: Sequence[nn.Parameter], scaler: torch.amp.GradScaler) -> None:
        self._shared, self._scaler = shared, scaler

    def of(self, loss: Tensor) -> Tensor:
        """Return the gradient [P] of a loss [] at the shared parameters, fp32, and add it at all others.

        Not finite where fp16 was too narrow; the optimizer then leaves the step out.
        """
        torch.autograd.backward(self._scaler.scale(loss), retain_graph=True)
        parts = [torch.zeros_like(each) if each.grad is None else each.grad for each in self._shared]
        flat = torch.cat([part.float().flatten() for part in parts])
        for each in self._shared:
            each.grad = None
        return flat / self._scale(flat.device)

    def set(self, gradient: Tensor) -> None:
        """Set the gradient [P] that the shared parameters are stepped along."""
        scaled = gradient * self._scale(gradient.device)
        sizes = [each.numel() for each in self._shared]
        for each, part in zip(self._shared, torch.split(scaled, sizes), strict=True):
            each.grad = torch.empty_like(each).copy_(part.view(each.shape))  # in the parameter's layout

    def _scale(self, device: torch.device) -> Tensor:
        return self._scaler.scale(torch.ones((), device=device))  # as a tensor: a number waits for the GPU
