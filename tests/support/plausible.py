"""Made-up studies that look like real ones: for tests, for benchmarks, and to look at the pages by eye."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support.spaces import load

from hpsearch.study.records import LaunchRecord, Placement, Provenance, StudyRecord, TrialRecord, TrialState
from hpsearch.study.spec import StudySpec
from trainables.pose.angles import ANGLES
from trainables.target.head_pose_metrics import MAE
from trainables.training.config import TrainConfig, parse_config

START_S = 1_790_000_000.0
EPOCH_S = 4.0
BASELINE_DEG = 19.4
DATASET = "rendered-heads @ 5c0ffee1ab"
SPACE = """
pretext:
  choice:
    - none
    - puzzling: &task {grid: {choice: [2, 3]}, flag: {int: [1, 4]}, ssl_weight: {float: [0.1, 50], log: true}}
    - rotation: *task
    - puzzling_rotation: *task
network: {dropout: {float: [0.1, 0.6]}}
"""


def study(
    folder: Path, states: Sequence[TrialState], *, epochs: int = 10, seed: int = 0, name: str = "demo"
) -> StudyRecord:
    """Return a study of one trial for each state; pruned, failed and running ones stopped on the way."""
    rng = random.Random(seed)  # noqa: S311
    trials = tuple(trial(number, state, folder, rng, epochs=epochs) for number, state in enumerate(states))
    return StudyRecord(
        name=name,
        folder=folder,
        objective=MAE.within("validation"),
        provenance=Provenance(BASELINE_DEG, {"train": DATASET, "validation": DATASET}, "0.1.0+g1234567"),
        trials=trials,
        spec=_spec(),
    )


@cache
def _spec() -> StudySpec:
    with TemporaryDirectory() as folder:
        return load(Path(folder), SPACE)


def trial(
    number: int, state: TrialState, folder: Path, rng: random.Random, *, epochs: int = 10
) -> TrialRecord:
    """Return one trial whose curve follows from its design."""
    task = rng.choice(["none", "puzzling", "rotation", "puzzling_rotation"])
    settings: dict[str, Any] = {}
    if task != "none":
        settings = {
            "grid": rng.choice([2, 3]),
            "flag": rng.choice([1, 2, 3, 4]),
            "ssl_weight": round(math.exp(rng.uniform(math.log(0.1), math.log(50))), 4),
        }
    dropout = round(rng.uniform(0.1, 0.6), 3)
    config = config_of(task, settings, dropout, epochs)
    params = {"pretext": task, **{f"pretext.{task}.{key}": value for key, value in settings.items()}}
    params["network.dropout"] = dropout
    final = 6.5 + 2.5 * abs(dropout - 0.35) + {"none": 0.8, "rotation": 0.9}.get(task, 0.0)
    final += 0.4 * abs(settings.get("flag", 3) - 3) + rng.uniform(-0.2, 0.2)
    done = epochs if state is TrialState.COMPLETE else rng.randint(3, max(3, epochs - 2))
    curve = tuple(_metrics(epoch, final, epochs, task, rng) for epoch in range(1, done + 1))
    started_s = START_S + 25.0 * number
    reasons = {
        TrialState.COMPLETE: f"trained its {epochs} epochs",
        TrialState.PRUNED: f"pruned after epoch {done}: below the best half of its rung",
        TrialState.FAILED: f"diverged at epoch {done + 1}: the loss is not finite",
        TrialState.RUNNING: "",
    }
    return TrialRecord(
        number=number,
        state=state,
        params=params,
        config=config,
        epochs=curve,
        objective=None if state is TrialState.FAILED else curve[-1]["validation/mae_deg"],
        reason=reasons[state],
        started_s=started_s,
        ended_s=None if state is TrialState.RUNNING else started_s + EPOCH_S * done,
        placement=Placement(host="node-1", device="cpu", cpus=1.0, gpus=0.0),
        folder=folder / f"trial-{number:04d}",
    )


def config_of(task: str, settings: dict[str, Any], dropout: float, epochs: int) -> TrainConfig:
    """Return the whole config of a design."""
    config = parse_config(
        {
            "data": {"train": {"dataset": "rendered-heads"}, "image_px": 64, "batch": 32},
            "network": {"backbone": "resnet10", "dropout": dropout},
            "pretext": {task: settings} if settings else task,
            "epochs": epochs,
        }
    )
    assert isinstance(config, TrainConfig), config
    return config


def after(record: TrialRecord, epochs: int) -> TrialRecord:
    """Return a trial as it stood, running, after its first `epochs` epochs."""
    curve = record.epochs[:epochs]
    objective = curve[-1]["validation/mae_deg"] if curve else None
    return replace(
        record, state=TrialState.RUNNING, epochs=curve, objective=objective, reason="", ended_s=None
    )


def _metrics(epoch: int, final: float, epochs: int, task: str, rng: random.Random) -> dict[str, float]:
    mae = final + (BASELINE_DEG - final) * math.exp(-4.5 * epoch / epochs) + rng.gauss(0, 0.15)
    shares = {"yaw": 1.25, "pitch": 0.95, "roll": 0.8}
    row = {"validation/mae_deg": mae, "validation/geodesic_deg": 1.7 * mae}
    for angle in ANGLES:
        row[f"validation/{angle}_mae_deg"] = shares[angle] * mae
        row[f"train/loss_{angle}"] = 0.8 * mae + rng.gauss(0, 0.1)
    for band, factor in (("0_30", 0.7), ("30_60", 1.0), ("60_up", 1.6)):
        row[f"validation/mae_deg_yaw_{band}"] = factor * mae
    row["train/loss"] = 2.5 * mae
    row["train/learning_rate"] = 0.5e-3 * (1 + math.cos(math.pi * epoch / epochs))
    if "puzzling" in task:
        row |= {"pretext/puzzle_accuracy": 0.25 + 0.05 * epoch, "pretext/puzzle_chance": 0.25}
    if "rotation" in task:
        row |= {"pretext/rotation_accuracy": 0.25 + 0.04 * epoch, "pretext/rotation_chance": 0.25}
    row |= {"speed/images_per_s": 180 + rng.gauss(0, 5), "speed/data_wait_share": 0.02}
    return row | {"memory/peak_mib": 610.0}


def launched(study: StudyRecord, launch: LaunchRecord) -> StudyRecord:
    """Return a study with its last launch."""
    return replace(study, launch=launch)
