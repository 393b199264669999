"""Rotation: every tile is turned where it lies, and each region's head predicts by how much [paper 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.pretext.regions import RegionHeads
from trainables.pretext.task import ONE_VIEW, Perturbed
from trainables.pretext.tile_config import TileConfig

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.pretext.tiles import Tiles


class Rotation:
    """Turns each tile by 0 to 3 quarter turns counter-clockwise, independently and uniformly."""

    uses = ONE_VIEW

    def __init__(self, tiles: Tiles, heads: RegionHeads) -> None:
        self.tiles = tiles
        regions, turns = tiles.regions, tiles.TURNS
        self.branches = (heads.branch("rotation", regions=regions, classes=turns, chance=1 / turns),)

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return images [B, 3, H, W] with turned tiles; a label is the number of quarter turns."""
        turns = self.tiles.draw_turns(images, generator)
        turned = self.tiles.rearrange(images, turns=turns)
        return Perturbed(self.tiles.blank(turned, generator), {"rotation": turns})

    def unperturbed(self, images: Tensor) -> Perturbed:
        """Return images [B, 3, H, W] as they are, with the labels that say so."""
        return Perturbed(images, {"rotation": self.tiles.upright(images)})


class RotationConfig(TileConfig):
    """Tiles turn where they lie."""

    def build(self) -> Rotation:
        """Make the task."""
        return Rotation(self.tiles(), self.region_heads())
