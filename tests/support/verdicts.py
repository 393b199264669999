"""Studies of made-up arms whose true errors are known, judged as a report judges them.

A study has arms of supervised learning alone and helpers. The error of a run is the design's own error, plus
what its seed does to every design alike, plus noise of its own. Without `confirm` every arm has all seeds;
with it the search runs every arm once, and `hpsearch.driver.confirmation` chooses what is trained again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from support.spaces import plain

from hpsearch.driver.confirmation import confirmations
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import Outcome, compare
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import Provenance, StudyRecord, TrialRecord, TrialState
from trainables.target.head_pose_metrics import MAE
from trainables.training.config import TrainConfig, parse_config

AIM = MAE.within("validation")
MEAN_DEG, SEED_DEG, RUN_DEG = 7.0, 0.2, 0.3
"""Error of a design, and the standard deviations of a seed's effect on all designs and of a run's own."""
TOP = 3
"""Leaders that are confirmed."""


@dataclass(frozen=True)
class Case:
    """A kind of study; `better_deg` is by how much one helper is better than all other arms."""

    arms: int
    seeds: int
    confirm: bool
    plain: int = 1
    better_deg: float = 0.0

    def __str__(self) -> str:
        words = f"{self.arms:2} arms x {self.seeds} seeds" + (", confirm" if self.confirm else "")
        words += f", {self.plain} of them plain" if self.plain > 1 else ""
        return words + (f", one {self.better_deg:.1f} deg better" if self.better_deg else ", all equal")


def shares(case: Case, studies: int, seed: int = 0) -> dict[Outcome, float]:
    """Return the share of each outcome."""
    rng = np.random.default_rng(seed)
    designs = configs(case)
    counts = Counter(compare(arms_of(study(case, designs, rng))).outcome for _ in range(studies))
    return {outcome: counts[outcome] / studies for outcome in Outcome}


def study(case: Case, designs: list[list[TrainConfig]], rng: np.random.Generator) -> StudyRecord:
    """Return one study; `designs` are the configs of each arm, by seed."""
    effects = rng.normal(0.0, SEED_DEG, 1 + 50)

    def run(number: int, arm: int, seed: int, confirms: int | None = None) -> TrialRecord:
        better = case.better_deg if arm == case.arms - 1 else 0.0
        error = MEAN_DEG - better + effects[seed] + rng.normal(0.0, RUN_DEG)
        config = designs[arm][0 if case.confirm else seed]
        if confirms is not None:
            config = config.model_copy(update={"seed": 999 + seed})
        return trial(number, config, error, confirms)

    searched = [0] if case.confirm else range(1, 1 + case.seeds)
    runs = [(arm, seed) for seed in searched for arm in range(case.arms)]
    trials = [run(number, arm, seed) for number, (arm, seed) in enumerate(runs)]
    facts = Provenance(20.0, {}, "1")
    record = StudyRecord("made-up", Path("nowhere"), AIM, facts, tuple(trials), plain())
    if case.confirm:
        wanted = confirmations(record, ConfirmConfig(top=TOP, seeds=case.seeds))
        again = [
            run(len(trials) + place, number, seed - 999, confirms=number)
            for place, (number, seed) in enumerate(wanted)
        ]
        record = replace(record, trials=(*record.trials, *again))
    return record


def configs(case: Case) -> list[list[TrainConfig]]:
    """Return the configs of each arm, by seed: arms of supervised learning alone, then helpers."""
    tasks = ["none"] * case.plain + [{"puzzling": {"grid": 2}}] * (case.arms - case.plain)
    return [
        [config(task, dropout=0.01 * arm, seed=seed) for seed in range(1 + case.seeds)]
        for arm, task in enumerate(tasks)
    ]


def config(pretext: object, dropout: float, seed: int) -> TrainConfig:
    """Return a training config."""
    values = {"pretext": pretext, "network": {"dropout": dropout}, "seed": seed}
    found = parse_config({"data": {"train": {"dataset": "heads"}}, **values})
    assert isinstance(found, TrainConfig), found
    return found


def trial(number: int, config: TrainConfig, error_deg: float, confirms: int | None) -> TrialRecord:
    """Return a finished run."""
    return TrialRecord(
        number=number,
        state=TrialState.COMPLETE,
        params={},
        config=config,
        epochs=({AIM.name: error_deg},),
        objective=error_deg,
        reason="",
        started_s=0.0,
        ended_s=1.0,
        placement=None,
        folder=Path("nowhere"),
        confirms=confirms,
    )
