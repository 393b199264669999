"""Kills the driver of a launch again and again; compares the study with one that was never killed.

    python benchmarks/driver_kills.py [--kills 20] [--trials 24] [--concurrent 1]

The study freezes and thaws small networks on small images. After the last kill a launch runs to the end.
Printed are the trials finished, doubled, lost and left running, in the journal and in MLflow, and whether
every digit of the leaderboard equals that of the study without kills (with one trial at a time it must).
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
from hpsearch.study.store import find_study

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

TIMES = ("seconds", "rank", "folder")
"""Columns of the leaderboard that may differ."""


def start(space: Path, root: Path) -> subprocess.Popen[bytes]:
    """Start a launch in a process group of its own."""
    command = [sys.executable, "-m", "hpsearch", "launch", str(space), "--root", str(root)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True
    )


def journal_lines(root: Path) -> list[str]:
    """Return the lines of the study's journal."""
    journal = root / "studies" / "kills" / "study.journal"
    return journal.read_text().splitlines() if journal.is_file() else []


def board(root: Path) -> list[dict[str, Any]]:
    """Return the leaderboard without what depends on the clock, by trial."""
    rows = records(find_study(root, "kills"))
    kept = [{k: v for k, v in row.items() if k not in TIMES and not k.startswith("speed/")} for row in rows]
    return sorted(kept, key=lambda row: int(row["trial"]))


def killed(space: Path, root: Path, kills: int) -> int:
    """Launch and kill the driver at moments drawn at random; return how many kills there were."""
    moments, done = random.Random(0), 0  # noqa: S311  no secret
    while done < kills:
        driver = start(space, root)
        lines, wanted = len(journal_lines(root)), moments.randrange(1, 40)
        until = time.monotonic() + 120
        while driver.poll() is None and len(journal_lines(root)) < lines + wanted:
            if time.monotonic() > until:
                raise TimeoutError("the journal does not grow")
            time.sleep(moments.random() / 20)
        if driver.poll() is not None:
            return done
        os.kill(driver.pid, signal.SIGKILL)
        driver.wait()
        done += 1
    return done


def main() -> None:
    """Print what the kills did."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--concurrent", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder) / "kills.yaml"
        space.write_text(SPACE.format(trials=arguments.trials, concurrent=arguments.concurrent))
        whole, root = Path(folder) / "whole", Path(folder) / "killed"
        assert start(space, whole).wait() == 0
        kills = killed(space, root, arguments.kills)
        assert start(space, root).wait() == 0
        ours, theirs = board(root), board(whole)
        states = Counter(row["state"] for row in ours)
        client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlflow.db")
        experiment = client.get_experiment_by_name("kills")
        assert experiment is not None
        runs = client.search_runs([experiment.experiment_id], max_results=1000)
        tags = Counter(run.data.tags["hpsearch.trial"] for run in runs if "hpsearch.trial" in run.data.tags)
        print(f"kills {kills}, trials {len(ours)} of {arguments.trials}: {dict(states)}")
        print(f"doubled {sum(count - 1 for count in tags.values())}, lost {arguments.trials - len(tags)}")
        print(f"running in MLflow {sum(run.info.status == 'RUNNING' for run in runs)}")
        different = [one["trial"] for one, other in zip(ours, theirs, strict=True) if one != other]
        print(f"trials that differ from the study without kills: {different or 'none'}")


if __name__ == "__main__":
    main()
