"""Multi-step: the learning rate is multiplied by one factor after certain epochs [paper 4.1, 4.2]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator

from trainables.base.schema import Config, Ints


class MultiStep:
    """The factor is `gamma` to the power of the milestones passed, counted in completed epochs."""

    def __init__(self, milestones: Sequence[int], gamma: float) -> None:
        self.milestones = tuple(milestones)
        self.gamma = gamma

    def factor(self, completed: int) -> float:
        """Return the factor of the epoch after `completed` epochs."""
        passed = sum(milestone <= completed for milestone in self.milestones)
        return float(self.gamma**passed)


class MultiStepConfig(Config):
    """The learning rate falls after certain epochs."""

    epochs: Annotated[Ints, Field(min_length=1)] = (30, 40)
    """Completed epochs after which the rate falls: (30, 40) in [paper 4.1], (20, 100) in [paper 4.2]."""
    gamma: float = Field(0.1, gt=0.0, le=1.0)
    """Factor of the learning rate at each of them [paper 4.1, 4.2]."""

    @model_validator(mode="after")
    def _epochs_rise(self) -> MultiStepConfig:
        if self.epochs[0] < 1 or any(a >= b for a, b in zip(self.epochs, self.epochs[1:], strict=False)):
            raise ValueError(f"epochs must rise from 1 or more, got {list(self.epochs)}")
        return self

    def build(self, epochs: int) -> MultiStep:
        """Make the schedule; the length of the run does not matter."""
        return MultiStep(self.epochs, self.gamma)
