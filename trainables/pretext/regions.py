"""Branches that classify regions of the image: those of all tile tasks; a whole image is one region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainables.losses.kinds import RegionReduction
from trainables.pretext.branch import Measure

if TYPE_CHECKING:
    from trainables.pretext.fork import Fork
    from trainables.pretext.region_branch import RegionBranch


@dataclass(frozen=True)
class Regions:
    """A branch that names one of `classes` for each region, from the labels int64 [N, R] of its name.

    `chance` is the accuracy of always naming the most frequent class; the losses of the regions' heads are
    combined as `reduction` says.
    """

    name: str
    regions: int
    classes: int
    chance: float
    dropout: float = 0.2
    reduction: RegionReduction = "sum"

    @property
    def loss_names(self) -> tuple[str]:
        """Its one loss has its own name."""
        return (self.name,)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """The share of regions that are classified right."""
        return {f"{self.name}_accuracy": Measure(chance=self.chance)}

    def build(self, fork: Fork) -> RegionBranch:
        """Make the module."""
        from trainables.pretext.region_branch import RegionBranch

        return RegionBranch(
            fork,
            self.name,
            regions=self.regions,
            classes=self.classes,
            dropout=self.dropout,
            reduction=self.reduction,
        )


@dataclass(frozen=True)
class RegionHeads:
    """What all branches of a task have in common: the dropout before their heads, and their reduction."""

    dropout: float = 0.2
    reduction: RegionReduction = "sum"

    def branch(self, name: str, *, regions: int, classes: int, chance: float) -> Regions:
        """Return the plan of a branch."""
        return Regions(name, regions, classes, chance, self.dropout, self.reduction)
