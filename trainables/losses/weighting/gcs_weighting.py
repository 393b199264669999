"""The module of the weighting `gcs`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from trainables.losses.weighting.gradients import Gradients
from trainables.losses.weighting.group_gradients import GroupGradients
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class GcsWeighting(nn.Module):
    """The pose's gradient, and the helper's times the cosine of both where that is above 0."""

    rates = Rates()

    def __init__(self, weights: Mapping[str, LossWeight]) -> None:
        super().__init__()
        self.weights = dict(weights)

    def backward(self, losses: Mapping[str, Tensor], gradients: Gradients, completed: int) -> Tensor:
        """Set the gradients of a step; return the weighted sum of the losses []."""
        found = GroupGradients.of(losses, self.weights, gradients, completed)
        if found.pose is None or found.helper is None:
            alone = found.helper if found.pose is None else found.pose
            if alone is not None:
                gradients.set(alone)
            return found.total
        cosine = torch.nn.functional.cosine_similarity(found.pose, found.helper, dim=0).clamp(min=0)
        gradients.set(found.pose + cosine * found.helper)
        return found.total

    def learned(self) -> dict[str, float]:
        """Return nothing: no weight is learned."""
        return {}
