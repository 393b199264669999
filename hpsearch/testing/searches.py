"""Searches of a made-up problem, for contracts of samplers and pruners: one trial at a time, no training."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpsearch.space.holes import Params
from hpsearch.study.asking import Ask
from hpsearch.study.opening import open_study
from hpsearch.study.records import Provenance
from hpsearch.study.spec import StudySpec, load_spec
from trainables.training.config import TrainConfig
from trainables.training.metric_names import COSTS

EPOCHS = 9
TRIALS = 9
PROVENANCE = Provenance(training_mean=20.0, datasets={}, code_version="1")

SPACE: Mapping[str, Any] = {
    "data": {"train": {"dataset": "heads"}},
    "network": {"dropout": {"float": [0.0, 0.5], "step": 0.1}},
    "pretext": {
        "choice": [
            "none",
            {"puzzling": {"grid": {"choice": [2, 3]}}},
            {"rotation": {"flag": {"int": [2, 4]}}},
        ]
    },
}
"""A space with each kind of hole, some of which exist with one option alone."""

Curve = Callable[[Ask, int], float]
"""The objective of a trial after an epoch."""


@dataclass(frozen=True)
class Tried:
    """A trial with the objective after each epoch; `stopped`: the pruner ended it before its last one."""

    params: Params
    values: tuple[float, ...]
    stopped: bool


def read(folder: Path, search: Mapping[str, Any], *, epochs: int = EPOCHS) -> StudySpec:
    """Return the made-up space with a `search` section, written below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "space.yaml"
    file.write_text(
        json.dumps({**SPACE, "epochs": epochs, "search": dict(search)}), encoding="utf-8"
    )  # which is YAML too
    return load_spec(file)


def by_dropout(ask: Ask, epoch: int) -> float:
    """Return a curve that falls to a value that follows from the design."""
    return 1.0 + 4 * abs(ask.config.network.dropout - 0.3) + 8.0 / epoch


def worse_and_worse(ask: Ask, epoch: int) -> float:
    """Return a curve that falls, in a later trial less far."""
    return ask.number + 1 / epoch


def costs(config: TrainConfig) -> dict[str, float]:
    """Return costs of a network: the higher, the lower its error may be."""
    return dict.fromkeys(COSTS, 2.0 - config.network.dropout)


def searched(
    folder: Path,
    search: Mapping[str, Any],
    of: Curve = by_dropout,
    *,
    reopen: bool = False,
    epochs: int = EPOCHS,
) -> list[Tried]:
    """Return the first trials of a search; with `reopen` the study is opened again before each epoch."""
    spec = read(folder, search, epochs=epochs)
    study = open_study(folder, spec, PROVENANCE, costs)
    tried = []
    for _ in range(TRIALS):
        ask, stops = study.ask(), False
        values: list[float] = []
        assert ask is not None, "the space has more designs than these"
        while len(values) < epochs and not stops:
            if reopen:
                study = open_study(folder, spec, PROVENANCE, costs)
            values.append(of(ask, len(values) + 1))
            stops = study.report(ask.number, len(values), {spec.objective.name: values[-1]})
        study.prune(ask.number) if stops else study.complete(ask.number)
        tried.append(Tried(ask.params, tuple(values), stops))
    return tried
