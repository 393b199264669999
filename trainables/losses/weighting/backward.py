"""The backward pass of a step, whichever kind of weighting combines its losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from trainables.losses.weighting.gradients import Gradients
from trainables.losses.weighting.weighting import GradientWeighting, Weighting


def backward(
    weighting: Weighting | GradientWeighting,
    losses: Mapping[str, Tensor],
    completed: int,
    *,
    shared: Sequence[nn.Parameter],
    scaler: torch.amp.GradScaler,
) -> Tensor:
    """Set the scaled gradients of a step in the epoch after `completed`; return the total loss [].

    Gradients must be None before.
    """
    if isinstance(weighting, GradientWeighting):
        return weighting.backward(losses, Gradients(shared, scaler), completed)
    total = weighting.total(losses, completed)
    torch.autograd.backward(scaler.scale(total))
    return total
