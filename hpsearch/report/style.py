"""Colours, the same in every chart and table of a report."""

from __future__ import annotations

from typing import cast

from hpsearch.study.records import TrialRecord
from trainables.base.schema import Config, variant_of
from trainables.training.config import TrainConfig

TASKS = {
    "none": "#4d4d4d",
    "puzzling": "#0072b2",
    "rotation": "#d55e00",
    "puzzling_rotation": "#009e73",
}
"""Pretext task -> colour; the colour-blind can distinguish them. [Okabe and Ito]"""

OTHER = "#cc79a7"
"""Colour of every other pretext task."""

GREY = "#b8b8b8"
"""Colour of pruned trials among learning curves."""

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
"""Colours of learning curves, one per arm."""

BASELINE = "#222222"
"""Colour of the baseline's learning curves."""


def task_of(config: TrainConfig) -> str:
    """Return the name of the pretext task."""
    variant = variant_of(TrainConfig.model_fields["pretext"])
    assert variant is not None  # noqa: S101  ours: the pretext task is a variant
    return variant.name_of(cast(Config, config.pretext))


def colour_of(task: str) -> str:
    """Return the colour of a pretext task."""
    return TASKS.get(task, OTHER)


def colour(trial: TrialRecord) -> str:
    """Return the colour of a trial's pretext task."""
    return colour_of(task_of(trial.config))
