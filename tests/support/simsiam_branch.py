"""The modules of the branches of `support.simsiam`."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from support.simsiam import SimSiamPlan
from torch import Tensor, nn

from trainables.pretext.branch import Seen
from trainables.pretext.fork import Fork


@dataclass(frozen=True)
class Pairs:
    """Predictions [2N, F] of one view, and the projections of the other that they are compared with."""

    predicted: Tensor
    projected: Tensor


class Projector(nn.Module):
    """From the maps after a stage to `features` values of each image."""

    def __init__(self, fork: Fork, features: int) -> None:
        super().__init__()
        neck = fork.neck()
        self.block, self.pool = neck.block, neck.pool
        self.linear = nn.Linear(neck.features, features, bias=False)
        self.norm = nn.BatchNorm1d(features)

    def forward(self, maps: Tensor) -> Tensor:
        projected: Tensor = self.norm(self.linear(self.pool(self.block(maps)).flatten(1)))
        return projected


class SimSiamBranch(nn.Module):
    """A projector and a predictor; the projections are compared with are constants."""

    def __init__(self, plan: SimSiamPlan, fork: Fork) -> None:
        super().__init__()
        self.plan, self.stage = plan, fork.stage
        self.projector = Projector(fork, plan.features)
        self.predictor = nn.Sequential(
            nn.Linear(plan.features, plan.hidden), nn.ReLU(), nn.Linear(plan.hidden, plan.features)
        )

    def forward(self, seen: Seen) -> Pairs:
        projected = self.projector(seen.maps[self.stage - 1])
        return Pairs(self.predictor(projected), self.other_view(projected.detach()))

    @staticmethod
    def other_view(rows: Tensor) -> Tensor:
        """Return the rows [2N, F] with the two views changed for each other."""
        return torch.cat(rows.chunk(2)[::-1])

    def losses(self, pairs: Pairs) -> dict[str, Tensor]:
        """Return the mean of -cos(prediction, constant projection of the other view)."""
        cosine = F.cosine_similarity(pairs.predicted.float(), pairs.projected.float())
        return {self.plan.name: -cosine.mean()}

    def measure(self, pairs: Pairs) -> dict[str, Tensor]:
        """Return the mean standard deviation of normalised projections: 0 where they have collapsed."""
        projected = F.normalize(pairs.projected.float())
        return {f"{self.plan.name}_feature_std": projected.std(dim=0).mean()}

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Change nothing."""


class MomentumBranch(SimSiamBranch):
    """The constants are those of a copy of trunk and projector that follows them slowly."""

    def __init__(self, plan: SimSiamPlan, fork: Fork) -> None:
        super().__init__(plan, fork)
        self.copied = copy.deepcopy(fork.trunk).requires_grad_(False)
        self.copied_projector = copy.deepcopy(self.projector).requires_grad_(False)

    def forward(self, seen: Seen) -> Pairs:
        with torch.no_grad():
            maps = self.copied(seen.images, stages=self.stage)
            constants = self.copied_projector(maps[-1])
        predicted = self.predictor(self.projector(seen.maps[self.stage - 1]))
        return Pairs(predicted, self.other_view(constants))

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Move the copy towards the trained modules, less and less."""
        assert self.plan.momentum is not None
        rate = (1 - self.plan.momentum) * (math.cos(math.pi * progress) + 1) / 2
        for mine, theirs in ((self.copied, trunk), (self.copied_projector, self.projector)):
            for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
                one.lerp_(other.to(one.dtype), rate)
