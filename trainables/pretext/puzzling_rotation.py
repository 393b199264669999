"""Puzzling-rotation: the tiles change places, then at most two of them turn [paper 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainables.pretext.regions import RegionHeads
from trainables.pretext.task import ONE_VIEW, Perturbed
from trainables.pretext.tile_config import TileConfig

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.pretext.tiles import Tiles

TURNED = 2  # regions drawn to turn; each turns by 0 to 3 quarters, so none, one or two really do


class PuzzlingRotation:
    """Permutes the tiles, then turns two distinct regions by 0 to 3 quarter turns each.

    Every region has both labels, and its turn is that in the final image. Most regions are not turned, so the
    chance level of the rotation heads is high (0.625 for 2x2).
    """

    uses = ONE_VIEW

    def __init__(self, tiles: Tiles, heads: RegionHeads) -> None:
        self.tiles = tiles
        regions, turns = tiles.regions, tiles.TURNS
        not_turned = 1 - TURNED / regions * (turns - 1) / turns
        self.branches = (
            heads.branch("puzzle", regions=regions, classes=regions, chance=1 / regions),
            heads.branch("rotation", regions=regions, classes=turns, chance=not_turned),
        )

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return perturbed images [B, 3, H, W] with the labels of Puzzling and of Rotation."""
        order = self.tiles.draw_order(images, generator)
        turns = self.tiles.draw_turns(images, generator, turned=TURNED)
        return Perturbed(
            self.tiles.rearrange(images, order=order, turns=turns), {"puzzle": order, "rotation": turns}
        )


class PuzzlingRotationConfig(TileConfig):
    """Tiles change places, then at most two of them turn."""

    def build(self) -> PuzzlingRotation:
        """Make the task."""
        return PuzzlingRotation(self.tiles(), self.region_heads())
