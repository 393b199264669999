"""`RegionTaskConfig`: the settings of tasks whose branches classify regions of the image."""

from __future__ import annotations

from pydantic import Field

from trainables.losses.kinds import RegionReduction
from trainables.pretext.regions import RegionHeads
from trainables.pretext.task_config import TaskConfig


class RegionTaskConfig(TaskConfig):
    """A task that says what is to be recognised in each region, beside the settings of every task."""

    ssl_reduction: RegionReduction = "sum"
    """How the losses of a branch's regions are combined; `sum` in the paper [paper, formulas 1 to 3]."""
    dropout: float = Field(0.2, ge=0.0, lt=1.0)
    """Dropout before the self-supervised heads, a probability [paper 4.1]."""

    def region_heads(self) -> RegionHeads:
        """Return what the branches have in common."""
        return RegionHeads(self.dropout, self.ssl_reduction)
