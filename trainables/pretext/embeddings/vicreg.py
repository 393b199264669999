"""VICReg (Bardes, Ponce and LeCun 2022): embeddings of two views agree, vary, and repeat nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainables.pretext.embeddings.embedding_config import EmbeddingTaskConfig
from trainables.pretext.embeddings.embedding_task import EmbeddingTask

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.pretext.embeddings.pair_branch import PairBranch
    from trainables.pretext.fork import Fork

NAME = "vicreg"
EPSILON = 1e-4  # below the root of a variance [formula 2]


@dataclass(frozen=True)
class VicregLoss:
    """The sum of three terms for embeddings [N, D] of two views, each with its weight [formula 6].

    Invariance is the mean squared difference, over images and features (as in the paper's algorithm 1; its
    formula 5 sums over features). Variance is the mean of max(0, 1 - std) over features [formula 1];
    covariance the sum of the squared covariances of two features, by D [formula 4]; both of either view.
    """

    invariance: float
    variance: float
    covariance: float

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        """Return the loss []."""
        import torch.nn.functional as F  # not above: reading a config loads no torch

        loss = self.invariance * F.mse_loss(one, other)
        count, features = one.shape
        for view in (one, other):
            centred = view - view.mean(dim=0)
            covariance = centred.T @ centred / max(count - 1, 1)  # [D, D]
            variance = covariance.diagonal()
            loss = loss + self.variance * F.relu(1 - (variance + EPSILON).sqrt()).mean()
            unlike = covariance.square().sum() - variance.square().sum()
            loss = loss + self.covariance * unlike / features
        return loss


class VicregConfig(EmbeddingTaskConfig):
    """Embeddings of two views agree, vary over images, and their features say different things."""

    name: ClassVar[str] = NAME

    invariance: float = Field(25.0, ge=0.0, le=1000.0)
    """Weight of the two views' difference."""
    variance: float = Field(25.0, ge=0.0, le=1000.0)
    """Weight of features that vary too little over the images; 0 lets them collapse."""
    covariance: float = Field(1.0, ge=0.0, le=1000.0)
    """Weight of features that say the same."""

    def build(self) -> EmbeddingTask:
        """Make the task."""
        return self.task(self._branch)

    def _branch(self, fork: Fork) -> PairBranch:
        from trainables.pretext.embeddings.pair_branch import PairBranch

        loss = VicregLoss(self.invariance, self.variance, self.covariance)
        return PairBranch(fork, NAME, hidden=self.hidden, features=self.features, loss=loss)
