"""The colours of arms and trials, the same in every chart and table of a report."""

from __future__ import annotations

from typing import cast

from hpsearch.study.records import TrialRecord
from trainables.base.schema import Config, variant_of
from trainables.training.config import TrainConfig

TASKS = {
    "none": ("#4d4d4d", "none (SL)"),
    "puzzling": ("#0072b2", "puzzling"),
    "rotation": ("#d55e00", "rotation"),
    "puzzling_rotation": ("#009e73", "puzzling-rotation"),
}
"""Pretext task -> colour, told apart by the colour-blind too, and name. [Okabe and Ito]"""

OTHER = "#cc79a7"
GREY = "#b8b8b8"

LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
BASELINE = "#222222"


def task_of(config: TrainConfig) -> str:
    """Return the name of the pretext task."""
    variant = variant_of(TrainConfig.model_fields["pretext"])
    assert variant is not None  # noqa: S101  ours: the pretext task is a variant
    return variant.name_of(cast(Config, config.pretext))


def colour(trial: TrialRecord) -> str:
    """Return the colour of a trial's pretext task."""
    return TASKS.get(task_of(trial.config), (OTHER, ""))[0]
