"""What a supervised head is: a module from features to angles in degrees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Head(Protocol):
    """A module from features to angles; every implementation is an `nn.Module`."""

    @property
    def loss_names(self) -> tuple[str, ...]:
        """Names of its losses: one per angle, or one for the whole pose."""

    def __call__(self, features: Tensor) -> Tensor:
        """Return the raw outputs of features [B, F]; their shape is the head's own, batch first."""

    def losses(self, raw: Tensor, pose_deg: Tensor) -> dict[str, Tensor]:
        """Return the losses [], by `loss_names`, for true poses [B, A] in degrees."""

    def decode(self, raw: Tensor) -> Tensor:
        """Return the poses [B, A] in degrees, fp32; autocast around the call changes no digit of them."""


class HeadConfig(Protocol):
    """The settings of a supervised head."""

    def build(self, features: int, angles: Sequence[str]) -> Head:
        """Make the head for features of this width and these angles.

        Raises `InputError` for angles that it is incompatible with.
        """

    def incompatibility(self, angles: Sequence[str]) -> str | None:
        """Return why labels of these angles cannot be learned from, or None: the rule, value and way out."""
