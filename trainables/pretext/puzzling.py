"""Puzzling: the tiles change places, and each region's head predicts which tile lies there [paper 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.pretext.regions import RegionHeads
from trainables.pretext.task import ONE_VIEW, Perturbed
from trainables.pretext.tile_config import TileConfig

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.pretext.tiles import Tiles


class Puzzling:
    """Permutes the tiles of each image by a permutation of its own, the identity among them."""

    uses = ONE_VIEW

    def __init__(self, tiles: Tiles, heads: RegionHeads) -> None:
        self.tiles = tiles
        regions = tiles.regions
        self.branches = (heads.branch("puzzle", regions=regions, classes=regions, chance=1 / regions),)

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return puzzled images [B, 3, H, W]; the label of region r is the input region that lies there."""
        order = self.tiles.draw_order(images, generator)
        puzzled = self.tiles.rearrange(images, order=order)
        return Perturbed(self.tiles.blank(puzzled, generator), {"puzzle": order})

    def unperturbed(self, images: Tensor) -> Perturbed:
        """Return images [B, 3, H, W] as they are, with the labels that say so."""
        return Perturbed(images, {"puzzle": self.tiles.in_place(images)})


class PuzzlingConfig(TileConfig):
    """Tiles change places."""

    def build(self) -> Puzzling:
        """Make the task."""
        return Puzzling(self.tiles(), self.region_heads())
