"""`TileConfig`: the settings that all tile tasks have."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainables.pretext.border import Border
from trainables.pretext.region_config import RegionTaskConfig

if TYPE_CHECKING:
    from trainables.pretext.tiles import Tiles

MIN_TILE_PX = 8
"""Smallest side of a tile: two cells of the feature map after stage 1, whose stride is 4."""


class TileConfig(RegionTaskConfig):
    """A grid of tiles, whose places are the regions."""

    judges_clean_images: ClassVar[bool] = True
    """Tiles that lie where they were are one of their arrangements."""

    grid: int = Field(2, ge=2, le=5)
    """Tiles along each side: 2 cuts the image into 2x2 regions [paper 3]."""
    border: Border = "fill"
    """Where the side is no multiple of the grid: `fill` the rim with the mean colour, `keep` it, or
    `resample` the image to the next multiple and back: there is no rim, and seams are interpolated."""
    cutout: float = Field(0.0, ge=0.0, le=0.8)
    """Side of a square of the mean colour in every perturbed image, drawn after its tiles have moved, share
    of the image's side; 0: none. The squares of `augmentation` are drawn before that, and are cut up."""

    def tiles(self) -> Tiles:
        """Return the cut."""
        from trainables.pretext.tiles import Tiles

        return Tiles(self.grid, self.border, self.cutout)

    def incompatibility(self, image_px: int) -> str | None:
        """Return why images of this side cannot be cut, or None."""
        least_px = round(image_px * self.view.sizes.least)
        if least_px // self.grid >= MIN_TILE_PX:
            return None
        scaled = f", and a scale of {self.view.sizes.least:g} of {image_px} px is that"
        return (
            f"a grid of {self.grid} cuts {least_px} px into tiles below {MIN_TILE_PX} px"
            f"{'' if least_px == image_px else scaled}: "
            "take a smaller grid or a larger data.image_px"
        )
