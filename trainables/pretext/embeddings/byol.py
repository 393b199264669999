"""BYOL (Grill et al. 2020): a view predicts what a slower copy of the network says of the other view."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainables.pretext.attachment import STAGES
from trainables.pretext.cost import FORWARD_ALONE, Cost
from trainables.pretext.embeddings.embedding_config import EmbeddingTaskConfig
from trainables.pretext.embeddings.embedding_task import EmbeddingTask

if TYPE_CHECKING:
    from trainables.pretext.embeddings.byol_branch import ByolBranch
    from trainables.pretext.fork import Fork

NAME = "byol"


class ByolConfig(EmbeddingTaskConfig):
    """A view of an image predicts what a slower copy of the network says of another view."""

    name: ClassVar[str] = NAME

    bottleneck: int = Field(64, ge=4, le=8192)
    """Values between the predictor's two layers."""
    momentum: float = Field(0.99, ge=0.0, le=1.0)
    """Share of the copy that stays in a step, at first; it rises to 1 over the run."""

    def build(self) -> EmbeddingTask:
        """Make the task."""
        return self.task(self._branch)

    def _branch(self, fork: Fork) -> ByolBranch:
        from trainables.pretext.embeddings.byol_branch import ByolBranch

        return ByolBranch(
            fork,
            NAME,
            hidden=self.hidden,
            features=self.features,
            bottleneck=self.bottleneck,
            momentum=self.momentum,
        )

    def cost(self, completed: int, epochs: int) -> Cost:
        """Return the passes of both views through the copy too, of which nothing goes back."""
        cost = super().cost(completed, epochs)
        if not self.task_weight(epochs).on(completed):
            return cost
        through_copy = len(self.uses) * self.view.share * self.view.sizes.area * self.flag / STAGES
        return replace(cost, forwards=cost.forwards + FORWARD_ALONE * through_copy)

    def pretraining_cost(self) -> Cost:
        """Return the passes of both views through the copy too."""
        return replace(super().pretraining_cost(), forwards=(1 + FORWARD_ALONE) * len(self.uses))

    def memory(self) -> Hashable:
        """Return the predictor's size too, and that there is a copy."""
        return super().memory(), self.bottleneck, "copy"
