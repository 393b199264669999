"""Puzzling: the tiles change places, and each region's head says which tile lies there [paper 3]."""

from __future__ import annotations

from torch import Generator, Tensor

from trainables.pretext.task import BranchSpec, Perturbed
from trainables.pretext.tiles import TileConfig, Tiles, random_orders


class Puzzling:
    """Permutes the tiles of each picture by a permutation of its own, the identity among them."""

    def __init__(self, tiles: Tiles) -> None:
        self.tiles = tiles
        regions = tiles.regions
        self.branches = {"puzzle": BranchSpec(regions, classes=regions, chance=1 / regions)}

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return puzzled images [B, 3, H, W]; the label of region r is the input region that lies there."""
        order = random_orders(len(images), self.tiles.regions, images, generator)
        puzzled = self.tiles.rearranged(images, order, order.new_zeros(order.shape))
        return Perturbed(puzzled, {"puzzle": order})


class PuzzlingConfig(TileConfig):
    """Tiles change places."""

    def build(self) -> Puzzling:
        """Make the task."""
        return Puzzling(self.tiles())
