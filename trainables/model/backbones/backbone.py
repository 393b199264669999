"""What the settings of a backbone must offer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from trainables.model.backbones.trunk import Trunk


class BackboneConfig(Protocol):
    """The settings of a backbone: the trunk of a network."""

    def __hash__(self) -> int:
        """Return a number that is the same for equal settings, as that of every `Config`."""

    @property
    def trunk_values(self) -> int:
        """Numbers in the trunk's state, 4 bytes each, known without building it, which takes seconds."""

    @property
    def imagenet_url(self) -> str | None:
        """Where weights trained with labels on ImageNet lie, in a file whose name ends in the first digits of
        its SHA-256, `NAME-0123abcd.pth`; None where there are none."""

    def incompatibility(self, image_px: int) -> str | None:
        """Return why the trunk cannot take images of this side, or None: the rule, value and way out."""

    def build(self) -> Trunk:
        """Make the trunk with random weights, drawn from torch's global generator alone."""


@runtime_checkable
class HubBackbone(BackboneConfig, Protocol):
    """A backbone whose weights lie on a hub of its own."""

    @property
    def licence(self) -> str:
        """The licence of these weights."""

    def hub_weights(self) -> Path:
        """Return the file of weights trained on ImageNet, downloaded once. Raises `InputError`."""


def needs_adaptive_steps(backbone: BackboneConfig) -> bool:
    """Return whether plain gradient descent fits it badly: it says `layer_norm`, if it normalises by that."""
    return bool(getattr(backbone, "layer_norm", False))
