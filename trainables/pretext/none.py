"""No pretext task: supervised learning alone (the paper's SL)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.pretext.attachment import Attachment
from trainables.pretext.branch import BranchPlan
from trainables.pretext.cost import Cost
from trainables.pretext.task import ONE_VIEW, Perturbed
from trainables.pretext.views.shared import SharedView

if TYPE_CHECKING:
    from torch import Generator, Tensor


class NoPretext:
    """Leaves every image as it is and has no branch."""

    uses = ONE_VIEW
    branches: tuple[BranchPlan, ...] = ()

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return the images [B, 3, H, W] themselves; nothing is drawn from the generator."""
        return Perturbed(images)


class NoPretextConfig(Config):
    """Supervised learning alone; there is nothing to set."""

    @property
    def is_baseline(self) -> bool:
        """Return True."""
        return True

    @property
    def view_turn_deg(self) -> float:
        """Return 0: nothing is turned."""
        return 0.0

    @property
    def pretrains(self) -> bool:
        """Return False: there is nothing to learn."""
        return False

    @property
    def judges_clean_images(self) -> bool:
        """Return True: it adds no loss to the target's."""
        return True

    def build(self) -> NoPretext:
        """Make the task that changes nothing."""
        return NoPretext()

    def build_view(self) -> SharedView:
        """Make the view, whose images are all as they were."""
        return SharedView()

    def attachment(self) -> Attachment | None:
        """Return None: there is no branch."""
        return None

    def task_weight(self, epochs: int) -> LossWeight:
        """Return a weight that nothing is multiplied by."""
        return LossWeight(group="helper")

    def loss_weight(self, name: str, epochs: int) -> LossWeight:
        """Return the same; there is no loss."""
        return self.task_weight(epochs)

    def cost(self, completed: int, epochs: int) -> Cost:
        """Return one pass for each image."""
        return Cost()

    def unlabelled_cost(self, completed: int, epochs: int) -> Cost:
        """Return no work: nothing is learned from an image without a label."""
        return Cost(0.0)

    def pretraining_cost(self) -> Cost:
        """Return the same; nothing is pretrained on it."""
        return Cost()

    def memory(self) -> Hashable:
        """Return None: it takes no memory."""
        return None

    def incompatibility(self, image_px: int) -> str | None:
        """Return None: images of any size will do."""
        return None
