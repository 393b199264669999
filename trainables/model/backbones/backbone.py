"""What the settings of a backbone must offer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from trainables.pretext.attachment import STAGES, STRIDES

if TYPE_CHECKING:
    from trainables.model.backbones.trunk import Trunk
    from trainables.model.backbones.vit_trunk import VitTrunk


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

    def build(self) -> Trunk | VitTrunk:
        """Make the trunk with random weights, drawn from torch's global generator alone."""


@runtime_checkable
class HubBackbone(BackboneConfig, Protocol):
    """A backbone whose weights lie on a hub of its own."""

    @property
    def licence(self) -> str:
        """The licence of these weights."""

    def hub_weights(self) -> Path:
        """Return the file of weights trained on ImageNet, downloaded once. Raises `InputError`."""


@runtime_checkable
class TranslatingBackbone(BackboneConfig, Protocol):
    """A backbone whose weights are published by several names."""

    def translated(self, weights: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the weights of a published file by the trunk's names; others may stand beside them.

        Raises `ValueError` for weights of another network.
        """


@runtime_checkable
class NormalisedBackbone(BackboneConfig, Protocol):
    """A backbone that is not normalised by BatchNorm alone, as all others are taken to be."""

    @property
    def batch_norm(self) -> bool:
        """Whether it has BatchNorm."""

    @property
    def layer_norm(self) -> bool:
        """Whether it has LayerNorm, so that plain gradient descent trains it badly."""


@runtime_checkable
class PatchBackbone(BackboneConfig, Protocol):
    """A backbone that may be a vision transformer, whose maps all have the stride of its patches."""

    @property
    def patch_px(self) -> int | None:
        """The side of the patches that it cuts images into, pixels; None where it cuts none."""


def needs_adaptive_steps(backbone: BackboneConfig) -> bool:
    """Return whether plain gradient descent trains it badly."""
    return isinstance(backbone, NormalisedBackbone) and backbone.layer_norm


def normalises_batches(backbone: BackboneConfig) -> bool:
    """Return whether it has BatchNorm, which belongs to the weights that it was estimated with."""
    return not isinstance(backbone, NormalisedBackbone) or backbone.batch_norm


def patch_px(backbone: BackboneConfig) -> int | None:
    """Return the side of the patches that a vision transformer cuts images into; None for all others."""
    return backbone.patch_px if isinstance(backbone, PatchBackbone) else None


def strides_of(backbone: BackboneConfig) -> tuple[int, ...]:
    """Return the strides of its trunk's maps."""
    side = patch_px(backbone)
    return STRIDES if side is None else (side,) * STAGES
