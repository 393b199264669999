"""The module of BYOL: a projector and a predictor, and a slower copy of trunk and projector as teacher."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from trainables.pretext.branch import Seen
from trainables.pretext.embeddings.collapse import spread_name
from trainables.pretext.embeddings.projector import Projector, other_view, perceptron, spread
from trainables.pretext.embeddings.simsiam_branch import Predictions
from trainables.pretext.fork import Fork
from trainables.pretext.teacher import copied, follow


class ByolBranch(nn.Module):
    """Each view predicts what the teacher says of the other. The teacher is the branch's state."""

    def __init__(
        self, fork: Fork, name: str, *, hidden: int, features: int, bottleneck: int, momentum: float
    ) -> None:
        super().__init__()
        self.stage, self.name, self.momentum = fork.stage, name, momentum
        self.projector = Projector(fork, hidden=hidden, features=features)
        self.predictor = perceptron(features, bottleneck, features)
        self.teacher_trunk, self.teacher_projector = copied(fork.trunk), copied(self.projector)

    def forward(self, seen: Seen) -> Predictions:
        """Return the predictions of both views, beside what the teacher says."""
        with torch.no_grad():
            constant = self.teacher_projector(self.teacher_trunk(seen.images, stages=self.stage)[-1])
        predicted = self.predictor(self.projector(seen.maps[self.stage - 1]))
        return Predictions(predicted, other_view(constant))

    def losses(self, output: Predictions) -> dict[str, Tensor]:
        """Return the squared distance of the two at length 1, 2 - 2 cos, summed over the two directions and
        averaged over images [Grill et al. 2020, formula 2].
        """
        return {self.name: 2 * (2 - 2 * output.cosine())}

    def measure(self, output: Predictions) -> dict[str, Tensor]:
        """Return the spread of the teacher's embeddings."""
        return {spread_name(self.name): spread(output.constant)}

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Move the teacher, less and less: what stays rises to 1 along a cosine [Grill et al. 2020, 3.3]."""
        stays = 1 - (1 - self.momentum) * (math.cos(math.pi * progress) + 1) / 2
        follow(self.teacher_trunk, trunk, stays)
        follow(self.teacher_projector, self.projector, stays)
