"""Whole launches through the command line, for the tests that need one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from hpsearch.results.leaderboard import records
from hpsearch.study.store import find_study

TRIALS = 5
HALVING = "{successive_halving: {warmup_epochs: 2, reduction_factor: 4}}"

SPACE = """
search:
  name: tiny
  pruner: %(halving)s
  budget: {trials: %(trials)s}
  prune_enqueued: true
  resources: {concurrent: %(concurrent)s}
  enqueue: [{pretext: none}, {pretext: {puzzling: {flag: 3}}}]
data:
  train: {dataset: {rendered-heads: {images: 48, subjects: 12, image_px: 32}}}
  image_px: 32
  batch: 8
augmentation: none
network: {backbone: resnet10, dropout: {float: [0.0, 0.5]}}
head: regression
pretext: {choice: [none, puzzling: {flag: {choice: [3, 4]}, ssl_weight: {float: [0.1, 10], log: true}}]}
optimizer: {adamw: {lr: 0.001}}
epochs: %(epochs)s
"""


def write_space(folder: Path, *, concurrent: int = 2, epochs: int = 4) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(
        SPACE % {"concurrent": concurrent, "epochs": epochs, "trials": TRIALS, "halving": HALVING}
    )
    return path


def hpsearch(*words: str | Path, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hpsearch", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)


def start(space: Path, root: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Start a launch with further words in a process group of its own, as a shell does."""
    command = [sys.executable, "-m", "hpsearch", "launch", str(space), "--root", str(root), *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | environment,
    )


def board(root: Path, study: str = "tiny") -> list[dict[str, Any]]:
    """Return the leaderboard's records in the order of the trials."""
    trials = [{**trial, "rank": None} for trial in records(find_study(root, study))]
    return sorted(trials, key=lambda trial: int(trial["trial"]))


def runs(root: Path, study: str = "tiny") -> list[Any]:
    client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlflow.db")
    experiment = client.get_experiment_by_name(study)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def wait_for_epochs(root: Path, count: int, timeout_s: float = 120) -> None:
    """Return once the study's journal holds `count` epochs."""
    journal = root / "studies" / "tiny" / "study.journal"
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if journal.exists() and len(re.findall(r'"intermediate_value"', journal.read_text())) >= count:
            return
        time.sleep(0.1)
    raise AssertionError("no epoch was recorded in time")


def worker_of(driver: int) -> int:
    """Return the process that trains for a driver: the child of a child of it, by name."""

    def parent(pid: int) -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    found = subprocess.run(["pgrep", "-f", "^ray::.*Trainable"], capture_output=True, text=True, check=True)
    return next(pid for pid in map(int, found.stdout.split()) if parent(parent(pid)) == driver)
