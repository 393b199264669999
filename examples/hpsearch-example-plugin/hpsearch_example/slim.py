"""Slim: a plain convolutional trunk of a width that can be searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from trainables.base.schema import Config

if TYPE_CHECKING:
    from trainables.model.backbones.trunk import Trunk

KERNEL = 3 * 3
"""Weights of a convolution for each pair of an input and an output channel."""


class SlimConfig(Config):
    """Four convolutions, each with BatchNorm; for small images."""

    width: int = Field(16, ge=4, le=256, multiple_of=4)
    """Channels after the first stage; each further stage has twice as many."""

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels after each stage."""
        return tuple(self.width * 2**stage for stage in range(4))

    @property
    def trunk_values(self) -> int:
        """Weights of the convolutions, and of each BatchNorm four values per channel and a counter."""
        inputs = (3, *self.channels)
        return sum(
            KERNEL * before * after + 4 * after + 1
            for before, after in zip(inputs, self.channels, strict=False)
        )

    @property
    def imagenet_url(self) -> None:
        """Return None: nobody has trained it on ImageNet."""

    def incompatibility(self, image_px: int) -> None:
        """Return None: images of any size will do."""

    def build(self) -> Trunk:
        """Make the trunk."""
        from hpsearch_example.slim_trunk import slim_trunk  # not above: reading a config loads no torch

        return slim_trunk(self.channels)
