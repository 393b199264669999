"""Colours, the same in every chart and table of a report: a pretext task has one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from hpsearch.study.records import TrialRecord
from trainables.base.schema import Config, variant_of
from trainables.pretext import PRETEXT_TASKS
from trainables.training.config import TrainConfig

TASKS = {
    "none": "#767676",
    "puzzling": "#0072b2",
    "rotation": "#d55e00",
    "puzzling_rotation": "#009e73",
}
"""Pretext task -> colour. The colour-blind can distinguish them [Okabe and Ito], and each has a contrast of 3
or more on the page, light or dark."""

OTHERS = ("#c2689a", "#8f6fe0", "#a87800", "#008fab", "#c4524a", "#75852a")
"""Colours of every other pretext task, in the order of the table, with the same contrast."""

DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (7, 3), (2, 3), (10, 3, 2, 3), (4, 2, 1, 2), (14, 4))
"""Pixels on and off: lines of one colour differ by them."""


@dataclass(frozen=True)
class Paint:
    """How a line is drawn."""

    colour: str
    dash: tuple[int, ...] = DASHES[0]


def paints(tasks: Iterable[str]) -> Iterator[Paint]:
    """Yield how to draw each of some lines: in the colour of its pretext task, and with a dash of its own."""
    drawn: Counter[str] = Counter()
    for task in tasks:
        yield Paint(colour_of(task), DASHES[drawn[task] % len(DASHES)])
        drawn[task] += 1


def task_of(config: TrainConfig) -> str:
    """Return the name of the pretext task."""
    variant = variant_of(TrainConfig.model_fields["pretext"])
    assert variant is not None  # noqa: S101  ours: the pretext task is a variant
    return variant.name_of(cast(Config, config.pretext))


def colour_of(task: str) -> str:
    """Return the colour of a pretext task."""
    if task in TASKS:
        return TASKS[task]
    others = [name for name in PRETEXT_TASKS if name not in TASKS]
    return OTHERS[others.index(task) % len(OTHERS)] if task in others else OTHERS[0]


def colour(trial: TrialRecord) -> str:
    """Return the colour of a trial's pretext task."""
    return colour_of(task_of(trial.config))
