"""Rotation: every tile is turned where it lies, and each region's head says how far [paper 3]."""

from __future__ import annotations

from torch import Generator, Tensor

from trainables.pretext.task import BranchSpec, Perturbed
from trainables.pretext.tiles import TURNS, TileConfig, Tiles, kept_order, random_turns


class Rotation:
    """Turns each tile by 0 to 3 quarter turns counter-clockwise, independently and uniformly."""

    def __init__(self, tiles: Tiles) -> None:
        self.tiles = tiles
        self.branches = {"rotation": BranchSpec(tiles.regions, classes=TURNS, chance=1 / TURNS)}

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return images [B, 3, H, W] with turned tiles; a label is the number of quarter turns."""
        turns = random_turns(len(images), self.tiles.regions, images, generator)
        order = kept_order(len(images), self.tiles.regions, images)
        return Perturbed(self.tiles.rearranged(images, order, turns), {"rotation": turns})


class RotationConfig(TileConfig):
    """Tiles turn where they lie."""

    def build(self) -> Rotation:
        """Make the task."""
        return Rotation(self.tiles())
