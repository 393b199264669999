"""What a target is: its labels and metrics, known before any image is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from trainables.target.metric import Metric, Unit


@dataclass(frozen=True)
class Label:
    """One number that the network learns to predict of each image."""

    name: str
    unit: Unit

    @property
    def column(self) -> str:
        """Its column in `labels.parquet`: `yaw_deg`."""
        return f"{self.name}_{self.unit.key}"


class TargetConfig(Protocol):
    """The settings of a target. Reading them loads neither torch nor numpy."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """All of its labels, in the order that every array has them in; a dataset may lack the last ones."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All that is measured of predictions. The first is the main one: it chooses the best epoch."""
