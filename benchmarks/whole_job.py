"""The whole job beside the script that one would write otherwise (`plain_ray.py`): a search of eight trials.

    python benchmarks/whole_job.py [--trials 8] [--epochs 7] [--px 32] [--rounds 2]

Both train a ResNet-10 on the same rendered heads for the same number of epochs with values of Optuna's, none
stopped early, one trial a core, and write MLflow's rows and the weights. They take turns; the time is that of
the whole command, with a dataset that is there, from the shell to its end. Ours also keeps checkpoints of
every epoch, compares and writes the results. Fair but for two things: the script decodes each image
once a process and keeps it in memory, and its augmentation is simpler.
"""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hpsearch.study.store import find_study

HERE = Path(__file__).parent
SPACE = """
search:
  name: {name}
  sampler: random
  pruner: none
  budget: {{trials: {trials}}}
data:
  train: {{dataset: {{rendered-heads: {{images: 1000, subjects: 100, image_px: {px}}}}}}}
  image_px: {px}
  batch: 32
augmentation: 1
network: {{backbone: resnet10, dropout: {{float: [0.0, 0.5]}}}}
head: regression
optimizer: {{adamw: {{lr: 0.002}}}}
schedule: cosine
epochs: {epochs}
"""


def main() -> None:
    """Run both in turns and print their times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--px", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    shape = {"trials": given.trials, "epochs": given.epochs, "px": given.px}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (space := root / "whole_job.yaml").write_text(SPACE.format(name="whole_job", **shape))
        timed(hpsearch("data", "build", space, "--root", root))
        (dataset,) = (path.parent for path in (root / "datasets").glob("*/labels.parquet"))
        rounds = []
        for number in range(given.rounds):
            (ours_s, _), (theirs_s, _) = found = one_round(number, root, dataset, shape)
            print(f"round {number + 1}: hpsearch {ours_s:.1f} s, the script {theirs_s:.1f} s", flush=True)
            rounds.append(found)
    trained = given.trials * given.epochs
    for name, place in (("hpsearch", 0), ("the script", 1)):
        seconds = statistics.median(found[place][0] for found in rounds)
        errors = statistics.median(error for found in rounds for error in found[place][1])
        print(f"{name:12} {seconds:7.1f} s  {seconds / trained:6.3f} s an epoch  {errors:6.2f} deg (median)")
    ratios = [ours[0] / theirs[0] for ours, theirs in rounds]
    print(f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), goal below 0.85")


def one_round(
    number: int, root: Path, dataset: Path, shape: dict[str, int]
) -> tuple[tuple[float, list[float]], tuple[float, list[float]]]:
    """Return seconds and final errors in degrees of ours and of the script; who begins takes turns."""
    turns = (lambda: ours(number, root, shape), lambda: theirs(number, root, dataset, shape))
    if number % 2:
        second = turns[1]()
        return turns[0](), second
    return turns[0](), turns[1]()


def ours(number: int, root: Path, shape: dict[str, int]) -> tuple[float, list[float]]:
    """Launch the search."""
    name = f"whole_job_{number}"
    (space := root / f"{name}.yaml").write_text(SPACE.format(name=name, **shape))
    seconds, _ = timed(hpsearch("launch", space, "--root", root))
    return seconds, [trial.epochs[-1]["validation/mae_deg"] for trial in find_study(root, name).trials]


def theirs(number: int, root: Path, dataset: Path, shape: dict[str, int]) -> tuple[float, list[float]]:
    """Run the script."""
    (out := root / f"script_{number}").mkdir()
    options = [word for name, value in shape.items() for word in (f"--{name}", str(value))]
    script = [sys.executable, str(HERE / "plain_ray.py"), "--folder", str(dataset), "--out", str(out)]
    seconds, said = timed([*script, *options])
    return seconds, json.loads(said.strip().splitlines()[-1])


def hpsearch(*words: object) -> list[str]:
    """Return a command line of ours."""
    return [sys.executable, "-m", "hpsearch", *map(str, words)]


def timed(command: list[str]) -> tuple[float, str]:
    """Return the seconds of a command, from the shell to its end, and what it printed."""
    began_s = time.perf_counter()
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    took_s = time.perf_counter() - began_s
    if ran.returncode:
        said = f"{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
        sys.exit(f"{shlex.join(command)} ended with {ran.returncode}:\n{said}")
    return took_s, ran.stdout


if __name__ == "__main__":
    main()
