"""A task that shows each image twice, in two looks, and has one branch that compares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainables.pretext.branch import Branch, Measure
from trainables.pretext.embeddings.collapse import spread_name
from trainables.pretext.task import Perturbed, Uses

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.pretext.appearance import Appearance
    from trainables.pretext.fork import Fork

TWO_LOOKS: Uses = ("helper", "both")
"""Another look leaves the pose as it is, so that it may be learned from the second view too."""


@dataclass(frozen=True)
class EmbeddingPlan:
    """A branch with one loss of its name, and the spread of its embeddings; `make` builds the module."""

    name: str
    make: Callable[[Fork], Branch]

    @property
    def loss_names(self) -> tuple[str, ...]:
        """Its one loss has its own name."""
        return (self.name,)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """The spread; there is no value by chance."""
        return {spread_name(self.name): Measure()}

    def build(self, fork: Fork) -> Branch:
        """Make the module where the branch begins."""
        return self.make(fork)


class EmbeddingTask:
    """Two views of each image, each of a look of its own."""

    uses = TWO_LOOKS

    def __init__(self, appearance: Appearance, plan: EmbeddingPlan) -> None:
        self.appearance = appearance
        self.branches = (plan,)

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return views [2B, 3, H, W] of images; there is nothing to label."""
        return Perturbed(self.appearance.of(images.repeat(2, 1, 1, 1), generator))
