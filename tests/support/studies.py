"""Studies of a made-up problem: trials whose curves follow from their params, without any training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from hpsearch.study.asking import Ask
from hpsearch.study.bounds import Costs, not_known
from hpsearch.study.opening import open_study
from hpsearch.study.records import Provenance
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.study.study import Study
from trainables.pretext import PRETEXT_TASKS
from trainables.training.config import TrainConfig

PROVENANCE = Provenance(training_mean=20.0, datasets={"train": "heads @ 1"}, code_version="1")
OBJECTIVE = "validation/mae_deg"
EPOCHS = 9

SPACE = f"""\
data: {{train: {{dataset: heads}}}}
epochs: {EPOCHS}
network: {{dropout: {{float: [0.0, 0.5], step: 0.1}}}}
pretext:
  choice:
    - none
    - puzzling: {{grid: {{choice: [2, 3]}}}}
    - rotation: {{flag: {{int: [2, 4]}}}}
"""


def spec(folder: Path, search: str, space: str = SPACE) -> StudySpec:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "space.yaml"
    path.write_text(f"{space}search: {search}\n", encoding="utf-8")
    return load_spec(path)


def open_in(folder: Path, given: StudySpec, costs: Costs = not_known) -> Study:
    folder.mkdir(parents=True, exist_ok=True)
    return open_study(folder, given, PROVENANCE, costs)


class Design(Protocol):
    """What curves follow from: an `Ask`, or the job of a trial."""

    @property
    def number(self) -> int: ...

    @property
    def config(self) -> TrainConfig: ...


Curve = Callable[[Design, int], float]


def task_of(design: Design) -> str:
    """Return the name of a design's pretext task."""
    return next(name for name, row in PRETEXT_TASKS.items() if type(design.config.pretext) is row)


def value(design: Design, epoch: int) -> float:
    """Return the objective after an epoch: a curve that falls to what the design is worth."""
    task = task_of(design)
    worth = {"none": 2.0, "puzzling": 0.5, "rotation": 1.0}[task]
    worth += abs(design.config.network.dropout - 0.3) * 4
    worth += 0.2 * design.config.pretext.flag if task == "rotation" else 0.0
    return worth + 8.0 / epoch


def train(study: Study, ask: Ask, until: int = EPOCHS, of: Curve = value) -> str:
    """Train a trial from where it stands and end it; return how it ended, `running` where it has not."""
    for epoch in range(ask.epochs_done + 1, until + 1):
        if study.report(ask.number, epoch, {OBJECTIVE: of(ask, epoch)}):
            study.prune(ask.number)
            return f"pruned after {epoch}"
    if until < EPOCHS:
        return "running"
    study.complete(ask.number)
    return "complete"
