"""What a pretext task is: it makes views of a batch, and branches that learn from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from trainables.pretext.branch import BranchPlan

if TYPE_CHECKING:
    from torch import Generator, Tensor

Use = Literal["helper", "both"]
"""What a view that a task makes is for: the branches alone, or the pose too where `view: shared` says so.
What only the pose is learned from are the clean images, which no task makes."""

Uses = tuple[Use, ...]
"""The use of each view, `helper` before `both`; at most one is for both."""

ONE_VIEW: Uses = ("both",)


@dataclass(frozen=True)
class Perturbed:
    """V views of N images, one view after the other, in the type of the images.

    `labels` holds a tensor [N, ...] for each branch that needs one.
    """

    images: Tensor  # [V * N, 3, H, W]
    labels: dict[str, Tensor] = field(default_factory=dict)


class PretextTask(Protocol):
    """Perturbs batches; all its randomness comes from the generator that it is given."""

    @property
    def uses(self) -> Uses:
        """What each of its views is for."""

    @property
    def branches(self) -> tuple[BranchPlan, ...]:
        """Its branches in a fixed order; none where there is nothing to recognise."""

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return its views of images [N, 3, H, W]; the input stays as it is."""


@runtime_checkable
class UnperturbedTask(PretextTask, Protocol):
    """A task whose branches have an answer for images as they are, too."""

    def unperturbed(self, images: Tensor) -> Perturbed:
        """Return images [N, 3, H, W] as they are, with the labels that say so."""
