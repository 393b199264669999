"""Kills the driver of a launch again and again; compares the study with one that was never killed.

    python benchmarks/driver_kills.py [--kills 20] [--trials 24] [--concurrent 1] [--in-process]

The study freezes and thaws small networks on small images, on a new root. Half of the kills fall into the
seconds that a launch takes to begin (`--start-s`: images, Ray, MLflow's database), the others while it
trains. After the last kill, or after `--limit-s` seconds, a launch runs to the end.
Printed are the trials finished, doubled, lost and left running, in the journal and in MLflow, the epochs to
be trained again, what stays on disk and in memory, and whether every digit of the leaderboard equals that
of the study without kills (with one trial at a time it must).
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from mlflow import MlflowClient

from hpsearch.results.leaderboard import records
from hpsearch.study.records import TrialState
from hpsearch.study.store import find_study
from trainables.training.checkpoints import Checkpoints

SPACE = """
search:
  name: kills
  pruner: {{successive_halving: {{warmup_epochs: 2, reduction_factor: 2}}}}
  budget: {{trials: {trials}}}
  resources: {{concurrent: {concurrent}}}
data:
  train: {{dataset: {{rendered-heads: {{images: 64, subjects: 16, image_px: 32}}}}}}
  image_px: 32
  batch: 8
augmentation: none
network: {{backbone: resnet10, dropout: {{float: [0.0, 0.5]}}}}
head: regression
pretext:
  choice:
    - none
    - puzzling: {{flag: {{choice: [3, 4]}}, view: {{choice: [shared, split, two]}}}}
    - rotation: {{flag: {{choice: [3, 4]}}, view: {{choice: [shared, split, two]}}}}
optimizer: {{adamw: {{lr: 0.001}}}}
epochs: 8
"""

LONGEST_HELPER_S = 10.0

PATIENCE_S = 600.0
"""How long a launch may write nothing before the benchmark gives up."""

TIMES = ("seconds", "trained_s", "rank", "folder", "speed/", "memory/")
"""Beginnings of the columns of the leaderboard that may differ."""


def start(space: Path, root: Path, scratch: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a launch in a process group of its own, with its temporary files below `scratch`."""
    command = [sys.executable, "-m", "hpsearch", "launch", str(space), "--root", str(root), *words]
    with (space.parent / "launch.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"TMPDIR": str(scratch)},
        )


def helpers(scratch: Path) -> dict[int, str]:
    """Return the processes whose launch had its temporary files below `scratch`, with their command lines."""
    found = {}
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            mine = f"TMPDIR={scratch}\0".encode() in environment.read_bytes()
            words = (environment.parent / "cmdline").read_text().replace("\0", " ")
        except OSError:  # it has ended, or is another user's
            continue
        if mine:
            found[int(environment.parent.name)] = words[:100]
    return found


def seconds_until_gone(scratch: Path) -> float:
    """Wait until no helper of a killed driver is left; return how long that took, and name one that stays."""
    began = time.monotonic()
    while (there := helpers(scratch)) and time.monotonic() - began < 2 * LONGEST_HELPER_S:
        time.sleep(0.1)
    for pid, words in there.items():
        print(f"still there: {pid} {words}", flush=True)
    return time.monotonic() - began


def journal_lines(root: Path) -> list[str]:
    """Return the lines of the study's journal."""
    journal = root / "studies" / "kills" / "study.journal"
    return journal.read_text().splitlines() if journal.is_file() else []


def board(root: Path) -> list[dict[str, Any]]:
    """Return the leaderboard without what depends on the clock, by trial."""
    rows = records(find_study(root, "kills"))
    kept = [{k: v for k, v in row.items() if not k.startswith(TIMES)} for row in rows]
    return sorted(kept, key=lambda row: int(row["trial"]))


def epochs_ahead(root: Path) -> int:
    """Return how many recorded epochs of running trials their checkpoints lack."""
    study = find_study(root, "kills")
    running = [trial for trial in study.trials if trial.state is TrialState.RUNNING]
    newest = [Checkpoints(trial.folder).newest() for trial in running]
    kept = [int(path.stem.rpartition("_")[2]) if path else 0 for path in newest]
    return sum(max(len(trial.epochs) - epoch, 0) for trial, epoch in zip(running, kept, strict=True))


def killed(
    space: Path, root: Path, scratch: Path, words: list[str], arguments: argparse.Namespace
) -> tuple[list[float], int]:
    """Launch and kill the driver at moments drawn at random.

    Returns how long its helpers stayed each time, and how many epochs have to be trained again.
    """
    moments = random.Random(0)  # noqa: S311  no secret
    stayed_s: list[float] = []
    repeated = 0
    began = time.monotonic()
    while len(stayed_s) < arguments.kills and time.monotonic() - began < arguments.limit_s:
        driver = start(space, root, scratch, *words)
        lines, wanted = len(journal_lines(root)), moments.randrange(1, 20)
        early_s = moments.uniform(0, arguments.start_s) if len(stayed_s) % 2 else PATIENCE_S
        started = time.monotonic()
        until = started + PATIENCE_S
        while (
            driver.poll() is None
            and len(journal_lines(root)) < lines + wanted
            and time.monotonic() - started < early_s
        ):
            if time.monotonic() > until:
                driver.kill()
                raise TimeoutError("the journal does not grow")
            time.sleep(moments.random() / 20)
        if driver.poll() is not None:
            assert driver.returncode == 0, (space.parent / "launch.log").read_text()
            return stayed_s, repeated
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
        stayed_s.append(seconds_until_gone(scratch))
        repeated += epochs_ahead(root) if journal_lines(root) else 0
        after_s = time.monotonic() - started - stayed_s[-1]
        grown = len(journal_lines(root)) - lines
        print(
            f"kill {len(stayed_s)}: after {after_s:.1f} s and {grown} lines of the journal; "
            f"{repeated} epochs to be trained again",
            flush=True,
        )
    return stayed_s, repeated


def main() -> None:
    """Print what the kills did."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--concurrent", type=int, default=1)
    parser.add_argument("--start-s", type=float, default=15.0)
    parser.add_argument("--limit-s", type=float, default=float("inf"))
    parser.add_argument("--in-process", action="store_true")
    arguments = parser.parse_args()
    words = ["--in-process"] * arguments.in_process
    with tempfile.TemporaryDirectory(prefix="k") as folder:  # short: sockets lie below it
        scratch = Path(folder) / "t"
        scratch.mkdir()
        space = Path(folder) / "kills.yaml"
        space.write_text(SPACE.format(trials=arguments.trials, concurrent=arguments.concurrent))
        whole, root = Path(folder) / "whole", Path(folder) / "killed"
        assert start(space, whole, scratch, *words).wait() == 0
        stayed_s, repeated = killed(space, root, scratch, words, arguments)
        assert start(space, root, scratch, *words).wait() == 0
        ours, theirs = board(root), board(whole)
        states = Counter(row["state"] for row in ours)
        client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlflow.db")
        experiment = client.get_experiment_by_name("kills")
        assert experiment is not None
        runs = client.search_runs([experiment.experiment_id], max_results=1000)
        tags = Counter(run.data.tags["hpsearch.trial"] for run in runs if "hpsearch.trial" in run.data.tags)
        print(f"kills {len(stayed_s)}, trials {len(ours)} of {arguments.trials}: {dict(states)}")
        print(f"doubled {sum(count - 1 for count in tags.values())}, lost {arguments.trials - len(tags)}")
        print(f"running in MLflow {sum(run.info.status == 'RUNNING' for run in runs)}")
        print(f"epochs to be trained again: {repeated} in all")
        print(f"helpers of a killed driver stayed {max(stayed_s, default=0):.1f} s at most")
        print(f"processes left: {helpers(scratch) or 'none'}")
        print(f"left in the temporary folder: {[path.name for path in scratch.iterdir()] or 'nothing'}")
        different = [one["trial"] for one, other in zip(ours, theirs, strict=True) if one != other]
        print(f"trials that differ from the study without kills: {different or 'none'}")


if __name__ == "__main__":
    main()
