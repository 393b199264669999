"""What one more trial costs besides its training: workers warm, MLflow on, checkpoints written.

    python benchmarks/trial_cost.py [--trials 12] [--epochs 3] [--backbone resnet10]

Launches one study with one worker on 64 px rendered heads. The cost of a trial is the time from the end of
the one before to its own end, less the time its epochs took (training and validation, as the session
measures them); the first trial, which starts the worker, is left out.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from hpsearch.study.records import TrialRecord
from hpsearch.study.store import find_study

SPACE = """
search:
  name: cost
  sampler: random
  pruner: none
  budget: {{trials: {trials}}}
  resources: {{concurrent: 1}}
data:
  train: {{dataset: {{rendered-heads: {{images: 160, subjects: 16, image_px: 64}}}}}}
  image_px: 64
  batch: 32
augmentation: 1
network: {{backbone: {backbone}, dropout: {{float: [0.0, 0.5]}}}}
head: regression
pretext: {{choice: [none, puzzling: {{grid: {{choice: [2, 3]}}, flag: {{choice: [3, 4]}}}}]}}
optimizer: {{adamw: {{lr: 0.001}}}}
epochs: {epochs}
"""


def main() -> None:
    """Launch, read the study and print the costs."""
    parser = argparse.ArgumentParser(description="What one more trial costs besides its training.")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--backbone", default="resnet10")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        space = root / "cost.yaml"
        space.write_text(
            SPACE.format(trials=arguments.trials, epochs=arguments.epochs, backbone=arguments.backbone)
        )
        command = [sys.executable, "-m", "hpsearch", "launch", str(space), "--root", str(root)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        trials = find_study(root, "cost").trials
    costs = [_cost_s(before, trial) for before, trial in itertools.pairwise(trials)]
    training_s = statistics.median(_training_s(trial) for trial in trials)
    print(f"{len(costs)} trials of {arguments.epochs} epochs, {training_s:.2f} s of training each (median)")
    print(
        f"cost besides: median {statistics.median(costs):.3f} s, min {min(costs):.3f}, max {max(costs):.3f}"
    )


def _cost_s(before: TrialRecord, trial: TrialRecord) -> float:
    assert before.ended_s is not None and trial.ended_s is not None
    return trial.ended_s - before.ended_s - _training_s(trial)


def _training_s(trial: TrialRecord) -> float:
    return sum(epoch["speed/epoch_s"] for epoch in trial.epochs)


if __name__ == "__main__":
    main()
