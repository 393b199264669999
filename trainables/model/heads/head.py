"""What a supervised head is: a module from features to the labels of a target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from trainables.target import Label

if TYPE_CHECKING:
    from torch import Tensor


class Head(Protocol):
    """A module from features to labels; every implementation is an `nn.Module`."""

    @property
    def loss_names(self) -> tuple[str, ...]:
        """Names of its losses: one per label, or one for all of them."""

    def __call__(self, features: Tensor) -> Tensor:
        """Return the raw outputs of features [B, F]; their shape is the head's own, batch first."""

    def losses(self, raw: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the losses [], by `loss_names`, for true labels [B, L] in their units."""

    def decode(self, raw: Tensor) -> Tensor:
        """Return the labels [B, L] in their units, fp32; autocast around the call changes no digit."""


@runtime_checkable
class CertainHead(Head, Protocol):
    """A head that also says how certain it is."""

    def decode_with_entropy(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Return what `decode` does, and the entropy [B] of what is known of each image's labels.

        It is in nats, fp32: lower is surer.
        """


class HeadConfig(Protocol):
    """The settings of a supervised head."""

    def build(self, features: int, labels: Sequence[str]) -> Head:
        """Make the head for features of this width and labels of these names.

        Raises `InputError` for labels that it is incompatible with.
        """

    def incompatibility(self, labels: Sequence[Label]) -> str | None:
        """Return why such labels cannot be learned, or None: the rule, value and way out."""
