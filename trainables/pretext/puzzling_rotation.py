"""Puzzling-rotation: the tiles change places, then at most two of them turn [paper 3]."""

from __future__ import annotations

from torch import Generator, Tensor

from trainables.pretext.task import BranchSpec, Perturbed
from trainables.pretext.tiles import TURNS, TileConfig, Tiles, random_orders, random_turns

TURNED = 2  # regions drawn to turn; each turns by 0 to 3 quarters, so none, one or two really do


class PuzzlingRotation:
    """Permutes the tiles, then turns two distinct regions by 0 to 3 quarter turns each.

    Every region carries both labels, the turn of the region in the final picture; most are not turned, so
    that the chance level of the rotation heads is high (0.625 for 2x2).
    """

    def __init__(self, tiles: Tiles) -> None:
        self.tiles = tiles
        regions = tiles.regions
        not_turned = 1 - TURNED / regions * (TURNS - 1) / TURNS
        self.branches = {
            "puzzle": BranchSpec(regions, classes=regions, chance=1 / regions),
            "rotation": BranchSpec(regions, classes=TURNS, chance=not_turned),
        }

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return perturbed images [B, 3, H, W] with the labels of Puzzling and of Rotation."""
        batch, regions = len(images), self.tiles.regions
        order = random_orders(batch, regions, images, generator)
        chosen = random_orders(batch, regions, images, generator)[:, :TURNED]
        turns = order.new_zeros(order.shape)
        turns.scatter_(1, chosen, random_turns(batch, TURNED, images, generator))
        return Perturbed(self.tiles.rearranged(images, order, turns), {"puzzle": order, "rotation": turns})


class PuzzlingRotationConfig(TileConfig):
    """Tiles change places, then at most two of them turn."""

    def build(self) -> PuzzlingRotation:
        """Make the task."""
        return PuzzlingRotation(self.tiles())
