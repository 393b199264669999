"""The module of the weighting `pcgrad`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from trainables.losses.weighting.gradients import Gradients
from trainables.losses.weighting.group_gradients import GroupGradients, without_conflict
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import Rates


class PCGradWeighting(nn.Module):
    """The sum of both gradients, each without its part against the other."""

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
        pose, helper = found.pose, found.helper
        gradients.set(without_conflict(pose, helper) + without_conflict(helper, pose))
        return found.total

    def learned(self) -> dict[str, float]:
        """Return nothing: no weight is learned."""
        return {}
