"""The module of SimSiam: a projector, and a predictor of the other view's projection."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.pretext.branch import Seen
from trainables.pretext.embeddings.collapse import spread_name
from trainables.pretext.embeddings.projector import Projector, other_view, perceptron, spread
from trainables.pretext.fork import Fork


@dataclass(frozen=True)
class Predictions:
    """Predictions [2N, D] of two views, each beside the embedding of the other view, a constant."""

    predicted: Tensor
    constant: Tensor

    def cosine(self) -> Tensor:
        """Return the mean cosine [] between the two, in fp32."""
        return F.cosine_similarity(self.predicted.float(), self.constant.float()).mean()


class SimSiamBranch(nn.Module):
    """Each view predicts the embedding of the other, through which no gradient goes."""

    signed = True

    def __init__(self, fork: Fork, name: str, *, hidden: int, features: int, bottleneck: int) -> None:
        super().__init__()
        self.stage, self.name = fork.stage, name
        self.projector = Projector(fork, hidden=hidden, features=features, norm=True)
        self.predictor = perceptron(features, bottleneck, features)

    def forward(self, seen: Seen) -> Predictions:
        """Return the predictions of both views."""
        embedded: Tensor = self.projector(seen.maps[self.stage - 1])
        return Predictions(self.predictor(embedded), other_view(embedded.detach()))

    def losses(self, output: Predictions) -> dict[str, Tensor]:
        """Return -cos(prediction, embedding), the mean over both views [Chen and He 2021, formula 4]."""
        return {self.name: -output.cosine()}

    def measure(self, output: Predictions) -> dict[str, Tensor]:
        """Return the spread of the embeddings."""
        return {spread_name(self.name): spread(output.constant)}

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Change nothing: the branch has no state."""
