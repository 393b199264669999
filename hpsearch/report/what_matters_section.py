"""The part of the page about the searched values: the error over each of them, and their importance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hpsearch.report import svg
from hpsearch.report.charts import panels
from hpsearch.report.style import colour_of, task_of
from hpsearch.study.records import StudyRecord


@dataclass(frozen=True)
class Key:
    """What a colour stands for."""

    colour: str
    name: str


@dataclass(frozen=True)
class Importance:
    """A searched value's share of importance; `width_percent` is the length of its bar."""

    name: str
    share: float
    width_percent: float


@dataclass(frozen=True)
class WhatMattersSection:
    """Charts with their titles, the key to their colours, and the importances, largest first."""

    charts: tuple[tuple[str, svg.Svg], ...]
    keys: tuple[Key, ...]
    importances: tuple[Importance, ...]
    has_seed: bool
    """Whether the seed is among the importances, which tells what is noise."""


def what_matters_section(study: StudyRecord, importances: Mapping[str, float]) -> WhatMattersSection | None:
    """Return the section; None where no value differs between trials."""
    charts = tuple(panels(study))
    if not charts:
        return None
    tasks = dict.fromkeys(task_of(trial.config) for trial in study.searched)
    most = max(importances.values(), default=0.0) or 1.0
    return WhatMattersSection(
        charts=charts,
        keys=tuple(Key(colour_of(task), _task_title(task)) for task in tasks),
        importances=tuple(
            Importance(name, share, round(100 * share / most, 1)) for name, share in importances.items()
        ),
        has_seed="seed" in importances,
    )


def _task_title(task: str) -> str:
    return "none (SL)" if task == "none" else task.replace("_", "-")
