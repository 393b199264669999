"""Barlow Twins (Zbontar et al. 2021): the features of two views correlate each with itself alone."""

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

NAME = "barlow_twins"
EPSILON = 1e-5  # added to a variance, as BatchNorm does


@dataclass(frozen=True)
class BarlowLoss:
    """How far the correlations [D, D] of two views' features are from the identity [formulas 1 and 2]."""

    redundancy: float

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        """Return the sum of (1 - C_ii)^2 and, weighted, of C_ij^2, for embeddings [N, D]."""
        first, second = _standardised(one), _standardised(other)
        correlation = first.T @ second / len(one)
        same = correlation.diagonal()
        return (1 - same).square().sum() + self.redundancy * (
            correlation.square().sum() - same.square().sum()
        )


def _standardised(embedded: Tensor) -> Tensor:
    """Return embeddings whose every feature has a mean of 0 and a variance of 1 over the batch."""
    centred = embedded - embedded.mean(dim=0)
    return centred * (centred.square().mean(dim=0) + EPSILON).rsqrt()


class BarlowTwinsConfig(EmbeddingTaskConfig):
    """A feature of one view correlates with the same feature of the other, and with no other."""

    name: ClassVar[str] = NAME

    redundancy: float = Field(5e-3, ge=0.0, le=1.0)
    """Weight of the correlations of different features."""

    def build(self) -> EmbeddingTask:
        """Make the task."""
        return self.task(self._branch)

    def _branch(self, fork: Fork) -> PairBranch:
        from trainables.pretext.embeddings.pair_branch import PairBranch

        loss = BarlowLoss(self.redundancy)
        return PairBranch(fork, NAME, hidden=self.hidden, features=self.features, loss=loss)
