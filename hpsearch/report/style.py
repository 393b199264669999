"""Colours, the same in every chart and table of a report."""

from __future__ import annotations

from typing import cast

from hpsearch.study.records import TrialRecord
from trainables.base.schema import Config, variant_of
from trainables.training.config import TrainConfig

TASKS = {
    "none": "#767676",
    "puzzling": "#0072b2",
    "rotation": "#d55e00",
    "puzzling_rotation": "#009e73",
}
"""Pretext task -> colour. The colour-blind can distinguish them [Okabe and Ito], and each has a contrast of 3
or more on the page, light or dark."""

OTHER = "#c2689a"
"""Colour of every other pretext task."""

LINES = ("#7a5cc9", "#a87800", "#00829b", "#b0453a", "#5f6f1d")
"""Colours of lines, one per arm; none is that of a pretext task, as two arms may have the same."""

BASELINE = "#767676"
"""Colour of the baseline, whose lines are dashed."""


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


def task_title(task: str) -> str:
    """Return what a pretext task is called: `SL` where there is none."""
    return "SL" if task == "none" else task.replace("_", "-")
