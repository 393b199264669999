"""What the settings of a pretext task are to the rest of a training run."""

from __future__ import annotations

from typing import Protocol

from trainables.pretext.task import PretextTask, SslHeads
from trainables.pretext.task_weight import TaskWeight
from trainables.pretext.views import View


class PretextConfig(Protocol):
    """The settings of a pretext task."""

    def build(self) -> PretextTask:
        """Make the task."""

    def build_view(self) -> View:
        """Make the view: which images the pose and the task learn from."""

    def ssl_heads(self) -> SslHeads | None:
        """Return how the branches are attached, or None to train without them."""

    def task_weight(self, epochs: int) -> TaskWeight:
        """Return the factor of the task's weight over a run of so many epochs."""

    def incompatibility(self, image_px: int) -> str | None:
        """Return why the task cannot perturb images of this side, or None."""
