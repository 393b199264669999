"""Whole launches through the command line, for the tests that need one."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from support.patience import PATIENCE_S, wait_until

from hpsearch.cli.main import main
from hpsearch.results.leaderboard import records
from hpsearch.study.store import find_study
from hpsearch.tracking.location import STORE
from trainables.data.datasets.rendered_heads.recipe import RenderedHeads

TRIALS = 5
HALVING = "{successive_halving: {warmup_epochs: 2, reduction_factor: 4}}"

IMAGES = RenderedHeads(images=48, subjects=12, image_px=32)
"""The data of `SPACE`, to have them rendered once for several roots."""

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


def furnish(root: Path, rendered: Path) -> Path:
    """Give a root what a launch there would make first: the pictures and MLflow's database of `rendered`."""
    shutil.copytree(rendered / "datasets", root / "datasets")
    shutil.copyfile(rendered / STORE, root / STORE)
    return root


Done = subprocess.CompletedProcess[str]


def hpsearch(*words: str | Path) -> Done:
    """Run a command in a process of its own, as a shell does."""
    command = [sys.executable, "-m", "hpsearch", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


def hpsearch_here(*words: str | Path) -> Done:
    """Run a command in this process, which need not load everything again."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([*map(str, words)])
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


def launch_here(space: Path, root: Path, *words: str) -> Done:
    """Launch without Ray: the trials run in this process, too."""
    return hpsearch_here("launch", space, "--root", root, "--in-process", *words)


def start(space: Path, root: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    """Start a launch with further words in a process group of its own, as a shell does.

    SIGHUP ends it, also where `nohup` runs the tests.
    """
    command = [sys.executable, "-m", "hpsearch", "launch", str(space), "--root", str(root), *words]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | environment,
        preexec_fn=_hears_hang_ups,
    )


def _hears_hang_ups() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def board(root: Path, study: str = "tiny") -> list[dict[str, Any]]:
    """Return the leaderboard's records in the order of the trials."""
    trials = [{**trial, "rank": None} for trial in records(find_study(root, study))]
    return sorted(trials, key=lambda trial: int(trial["trial"]))


def runs(root: Path, study: str = "tiny") -> list[Any]:
    client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlflow.db")
    experiment = client.get_experiment_by_name(study)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id]))


def wait_for_epochs(root: Path, count: int) -> None:
    """Return once the study's journal holds `count` epochs."""
    journal = root / "studies" / "tiny" / "study.journal"

    def there() -> bool:
        return journal.exists() and len(re.findall(r'"intermediate_value"', journal.read_text())) >= count

    wait_until(there, "no epoch was recorded")


def worker_of(driver: int) -> int:
    """Return the process that trains for a driver once there is one: the child of a child of it, by name."""
    found: list[int] = []

    def there() -> bool:
        looked = subprocess.run(["pgrep", "-f", "^ray::.*Trainable"], capture_output=True, text=True)
        found[:] = [pid for pid in map(int, looked.stdout.split()) if _parent(_parent(pid)) == driver]
        return bool(found)

    wait_until(there, "no worker trains")
    return found[0]


def _parent(pid: int) -> int:
    """Return the parent of a process, 0 where it has ended meanwhile."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
