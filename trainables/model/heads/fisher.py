"""A dense layer whose nine numbers make a matrix Fisher distribution on rotations [Mohlin et al. 2020]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from trainables.base.errors import Fault, InputError
from trainables.base.schema import Config
from trainables.model.heads.whole_rotation import whole_rotation_fault
from trainables.pose.angles import ANGLES
from trainables.target import Label

if TYPE_CHECKING:
    from trainables.model.heads.fisher_head import FisherHead


class FisherConfig(Config):
    """A matrix Fisher distribution over rotations from nine numbers, as in SemiUHPE (not in the paper).

    Its pose is the distribution's mode; its entropy says how certain that is, which predictions, reports and
    exported networks have too. Its one loss is the negative log-likelihood in nats, so `ssl_weight` counts
    otherwise than beside angles. The training set must have all three angles.
    """

    capture_fault: ClassVar[str] = "fisher decomposes its matrices on the CPU"

    normaliser_weight: float = Field(1.025, ge=1.0, le=2.0)
    """What the logarithm of the normalising constant counts in the loss; 1 is the likelihood itself, and more
    keeps a network that knows its training images by heart from being too certain. [SemiUHPE: 1.025]"""

    def build(self, features: int, labels: Sequence[str]) -> FisherHead:
        """Make the head for features of this width. Raises `InputError` without all three angles."""
        from trainables.model.heads.fisher_head import FisherHead

        if tuple(labels) != ANGLES:
            raise InputError(Fault(whole_rotation_fault("fisher", labels), "head"))
        return FisherHead(features, normaliser_weight=self.normaliser_weight)

    def incompatibility(self, labels: Sequence[Label]) -> str | None:
        """Return why a dataset without all three angles cannot be learned from, or None."""
        names = [label.name for label in labels]
        return None if tuple(names) == ANGLES else whole_rotation_fault("fisher", names)
