"""What a branch of a pretext task is: it owns its module, its losses, its measures and its state.

A task names its branches by plans, which load no torch; a plan builds the module once there is a trunk:

    BranchPlan.build(Fork) -> Branch;  Branch(Seen) -> output;  Branch.losses(output), Branch.measure(output)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import Tensor, nn

    from trainables.pretext.fork import Fork


@dataclass(frozen=True)
class Measure:
    """What a number of `Branch.measure` is."""

    chance: float | None = None
    """Its value by chance; None where there is none."""


@dataclass(frozen=True)
class Seen:
    """What a branch sees in one step: `views` views of N images, one view after the other.

    `maps` are the trunk's after stage 1, 2 and so on, at least up to the branch's own stage; `labels` are
    those of `Perturbed`.
    """

    images: Tensor  # [V * N, 3, H, W]
    maps: Sequence[Tensor]  # [V * N, C, H, W] each
    labels: Mapping[str, Tensor]  # [N, ...] each
    views: int


class Branch(Protocol):
    """A module of a network in training; every implementation is an `nn.Module`.

    Its parameters are trained, its buffers and its modules without gradient (a memory, a teacher) are its
    state: checkpoints hold all of them. Exported networks have no branch.
    """

    @property
    def stage(self) -> int:
        """The last stage of the trunk that it needs, 1 to 4."""

    def __call__(self, seen: Seen) -> Any:
        """Return its output, which `losses` and `measure` take; in mixed precision under autocast."""

    def losses(self, output: Any) -> dict[str, Tensor]:
        """Return the losses [] by the names of its plan, in fp32, before any weight."""

    def measure(self, output: Any) -> dict[str, Tensor]:
        """Return the measures [] of a step by the names of its plan; no gradient is recorded."""

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Change its state after the optimizer's step.

        `progress` is the share of the run's epochs that are completed, from 0 to below 1.
        """


class BranchPlan(Protocol):
    """A branch before it is built; loading and asking it loads no torch."""

    @property
    def name(self) -> str:
        """The branch's name, which its losses and measures begin with."""

    @property
    def loss_names(self) -> tuple[str, ...]:
        """The names of its losses: the branch's own, or `NAME_WHAT` where it has several."""

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Its measures by names `NAME_WHAT`; one at most has a value by chance."""

    def build(self, fork: Fork) -> Branch:
        """Make the module; all that is random comes from torch's global generator."""
