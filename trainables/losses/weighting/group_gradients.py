"""The gradients of pose and helper, for weightings that set one against the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.losses.weighting.gradients import Gradients
from trainables.losses.weighting.loss_weight import LossWeight


@dataclass(frozen=True)
class GroupGradients:
    """The gradients [P] of the pose's and the helper's losses; None where a step has no loss of a group."""

    pose: Tensor | None
    helper: Tensor | None
    total: Tensor
    """The weighted sum of all losses [], detached."""

    @classmethod
    def of(
        cls,
        losses: Mapping[str, Tensor],
        weights: Mapping[str, LossWeight],
        gradients: Gradients,
        completed: int,
    ) -> GroupGradients:
        """Differentiate the losses by group; every loss must have a weight."""
        groups: dict[str, list[Tensor]] = {}
        for name, loss in losses.items():
            groups.setdefault(weights[name].group, []).append(weights[name].times(loss, completed))
        sums = {group: torch.stack(members).sum() for group, members in groups.items()}
        found = {group: gradients.of(loss) for group, loss in sums.items()}
        total = torch.stack(list(sums.values())).sum().detach()
        return cls(found.get("pose"), found.get("helper"), total)


def without_conflict(gradient: Tensor, other: Tensor) -> Tensor:
    """Return a gradient [P] without its part against another one [P]; itself where the two agree."""
    along = (gradient @ other).clamp(max=0) / (other @ other).clamp(min=torch.finfo(other.dtype).tiny)
    return gradient - along * other
