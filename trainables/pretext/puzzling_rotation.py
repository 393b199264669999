"""Puzzling-rotation: the tiles change places, then some of them turn, at most two in the paper [paper 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from trainables.pretext.regions import RegionHeads
from trainables.pretext.task import ONE_VIEW, Perturbed
from trainables.pretext.tile_config import TileConfig

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.pretext.tiles import Tiles


class PuzzlingRotation:
    """Permutes the tiles, then turns `turned` distinct regions by 0 to 3 quarter turns each.

    Every region has both labels, and its turn is that in the final image. Where most regions are not turned,
    the chance level of the rotation heads is high: 0.625 for two of four.
    """

    uses = ONE_VIEW

    def __init__(self, tiles: Tiles, turned: int, heads: RegionHeads) -> None:
        self.tiles, self.turned = tiles, turned
        regions, turns = tiles.regions, tiles.TURNS
        not_turned = 1 - turned / regions * (turns - 1) / turns
        self.branches = (
            heads.branch("puzzle", regions=regions, classes=regions, chance=1 / regions),
            heads.branch("rotation", regions=regions, classes=turns, chance=not_turned),
        )

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return perturbed images [B, 3, H, W] with the labels of Puzzling and of Rotation."""
        order = self.tiles.draw_order(images, generator)
        turns = self.tiles.draw_turns(images, generator, turned=self.turned)
        perturbed = self.tiles.rearrange(images, order=order, turns=turns)
        return Perturbed(self.tiles.blank(perturbed, generator), {"puzzle": order, "rotation": turns})

    def unperturbed(self, images: Tensor) -> Perturbed:
        """Return images [B, 3, H, W] as they are, with the labels that say so."""
        labels = {"puzzle": self.tiles.in_place(images), "rotation": self.tiles.upright(images)}
        return Perturbed(images, labels)


class PuzzlingRotationConfig(TileConfig):
    """Tiles change places, then at most `turned` of them turn."""

    turned: int = Field(2, ge=1, le=25)
    """Tiles that are drawn to turn, each by 0 to 3 quarters, so that fewer may really do; all where the grid
    has fewer. [paper 3: two]"""

    def build(self) -> PuzzlingRotation:
        """Make the task."""
        return PuzzlingRotation(self.tiles(), min(self.turned, self.grid**2), self.region_heads())
