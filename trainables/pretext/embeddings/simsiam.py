"""SimSiam (Chen and He 2021): two views of an image predict each other's embeddings."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainables.pretext.embeddings.embedding_config import EmbeddingTaskConfig
from trainables.pretext.embeddings.embedding_task import EmbeddingTask

if TYPE_CHECKING:
    from trainables.pretext.embeddings.simsiam_branch import SimSiamBranch
    from trainables.pretext.fork import Fork

NAME = "simsiam"


class SimSiamConfig(EmbeddingTaskConfig):
    """Two views of an image predict each other's embeddings."""

    name: ClassVar[str] = NAME

    bottleneck: int = Field(64, ge=4, le=8192)
    """Values between the predictor's two layers."""

    def build(self) -> EmbeddingTask:
        """Make the task."""
        return self.task(self._branch)

    def _branch(self, fork: Fork) -> SimSiamBranch:
        from trainables.pretext.embeddings.simsiam_branch import SimSiamBranch

        return SimSiamBranch(
            fork, NAME, hidden=self.hidden, features=self.features, bottleneck=self.bottleneck
        )

    def memory(self) -> Hashable:
        """Return the predictor's size too."""
        return super().memory(), self.bottleneck
