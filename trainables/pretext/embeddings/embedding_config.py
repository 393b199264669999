"""`EmbeddingTaskConfig`: the settings of all tasks that compare the embeddings of two views of an image."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, model_validator

from trainables.pretext.embeddings.collapse import COLLAPSED, spread_name
from trainables.pretext.embeddings.embedding_task import TWO_LOOKS, EmbeddingPlan, EmbeddingTask
from trainables.pretext.look_config import LookTaskConfig
from trainables.pretext.task import Uses

if TYPE_CHECKING:
    from trainables.pretext.branch import Branch
    from trainables.pretext.fork import Fork


class EmbeddingTaskConfig(LookTaskConfig):
    """Two views of an image in other looks, none of which changes the pose, and a projector of them."""

    name: ClassVar[str]
    """The name of its branch."""

    uses: ClassVar[Uses] = TWO_LOOKS

    hidden: int = Field(256, ge=4, le=8192)
    """Values between the projector's two layers."""
    features: int = Field(128, ge=4, le=8192)
    """Values of an embedding."""

    @model_validator(mode="after")
    def _views_differ(self) -> EmbeddingTaskConfig:
        if not any((self.colour, self.blur_px, self.cutout, self.zoom)):
            raise ValueError(
                "colour, blur_px, cutout and zoom are all 0, and two views that are the same teach nothing: "
                "set one of them above 0"
            )
        return self

    @property
    def collapse_levels(self) -> Mapping[str, float]:
        """Return that of the embeddings' spread."""
        return {spread_name(self.name): COLLAPSED}

    def task(self, make: Callable[[Fork], Branch]) -> EmbeddingTask:
        """Make the task, whose branch is built by `make`."""
        return EmbeddingTask(self.appearance(), EmbeddingPlan(self.name, make))

    def memory(self) -> Hashable:
        """Return the projector's sizes too."""
        return super().memory(), self.hidden, self.features
