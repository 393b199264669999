"""What the settings of an augmentation level must offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trainables.data.augmentation.plan import AugmentationPlan


class AugmentationConfig(Protocol):
    """What stands under `augmentation` in a training config."""

    @property
    def changes(self) -> frozenset[str]:
        """The settings of the changes that are on."""

    @property
    def turn_deg(self) -> float:
        """Largest turn of training images in their plane, degrees; it changes all three angles."""

    def build(self) -> AugmentationPlan | None:
        """Return the plan that draws each image's changes, or None to leave images as they are."""
