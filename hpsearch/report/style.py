"""How arms look and are called, the same in every chart and table of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from hpsearch.results.arms import Arm
from hpsearch.study.naming import design, short_names, shown
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


def names_of(arms: Sequence[Arm]) -> dict[str, str]:
    """Return the short names of the searched values, the pretext task first, the seed left out."""
    names = short_names(trial for arm in arms for trial in arm.trials)
    order = sorted(names, key=lambda path: (not path.startswith("pretext"), path != "init"))
    return {path: names[path] for path in order if path != "seed"}


def values_of(arm: Arm, names: Mapping[str, str]) -> dict[str, str]:
    """Return an arm's searched values as text, under their short names."""
    known = design(arm.trials[0], {**names, "seed": "seed"})
    return {name: shown(known[name]) for name in names.values() if name in known}


def title(arm: Arm, names: Mapping[str, str]) -> str:
    """Return an arm in one line: words stand for themselves, numbers behind their key."""
    values = values_of(arm, names)
    said = [value if _is_word(value) else f"{name} {value}" for name, value in values.items()]
    return " · ".join("SL" if text == "none" else text for text in said) or "the one design"


def _is_word(text: str) -> bool:
    return not text.replace(".", "", 1).replace("e-", "", 1).isdigit() and text not in (
        "true",
        "false",
        "null",
    )
