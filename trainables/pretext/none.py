"""No pretext task: supervised learning alone (the paper's SL)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.pretext.task import BranchSpec, Perturbed, SslHeads
from trainables.pretext.task_weight import TaskWeight
from trainables.pretext.views.shared import SharedView

if TYPE_CHECKING:
    from torch import Generator, Tensor


class NoPretext:
    """Leaves every image as it is and has no branch."""

    branches: Mapping[str, BranchSpec] = {}

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return the images [B, 3, H, W] themselves; nothing is drawn from the generator."""
        return Perturbed(images)


class NoPretextConfig(Config):
    """Supervised learning alone; there is nothing to set."""

    def build(self) -> NoPretext:
        """Make the task that changes nothing."""
        return NoPretext()

    def build_view(self) -> SharedView:
        """Make the view, whose images are all as they were."""
        return SharedView()

    def ssl_heads(self) -> SslHeads | None:
        """Return None: there is no branch."""
        return None

    def task_weight(self, epochs: int) -> TaskWeight:
        """Return a factor that nothing is multiplied by."""
        return TaskWeight("constant", 1.0, epochs)

    def incompatibility(self, image_px: int) -> str | None:
        """Return None: images of any size will do."""
        return None
