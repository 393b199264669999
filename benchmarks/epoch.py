"""An epoch of the quickstart whose images are kept decoded, beside decoding them in every epoch.

    python benchmarks/epoch.py [--epochs 8] [--rounds 2]

Each way has a worker of its own that trains the same trial on one thread, with checkpoints; their epochs take
turns. The figure is the processor time of the whole worker in an epoch after the first two, since other
programs run too; the ratio is the median over epochs of one number. Both come to the same digits, which is
checked.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from hpsearch.study.spec import load_spec
from trainables.training.config import TrainConfig
from trainables.training.jobs import Failed, JobRunner, TrialJob
from trainables.training.training_data import ensure_data

SPACE = Path(__file__).parents[1] / "search_spaces" / "quickstart.yaml"
WARM = 2
"""Epochs in which images are decoded, and libraries loaded, for the first time."""

WAYS = {"before": "cpu", "now": "auto"}
"""Way -> `data.decode`."""


def work(pipe: Connection, config: TrainConfig, root: Path) -> None:
    """Train the trial, an epoch for each word that comes; answer with processor seconds and the error."""
    runner = JobRunner.on(gpu=False)
    with tempfile.TemporaryDirectory(dir=root) as folder:
        runner.take(TrialJob(0, config, None, Path(folder), root / "datasets", cpus=1, gpus=0.0))
        for _ in range(config.epochs):
            pipe.recv()
            began_s = time.process_time()
            result = runner.step()
            assert not isinstance(result, Failed)
            pipe.send((time.process_time() - began_s, result.history[-1]["validation/mae_deg"]))
        runner.close()


def rates(config: TrainConfig, root: Path) -> dict[str, list[float]]:
    """Return the processor seconds of the epochs after the first ones of both ways."""
    spawn = get_context("spawn")
    pipes, workers = {}, []
    for way, decode in WAYS.items():
        data = config.data.model_copy(update={"decode": decode})
        pipes[way], theirs = spawn.Pipe()
        given = (theirs, config.model_copy(update={"data": data}), root)
        workers.append(spawn.Process(target=work, args=given))
        workers[-1].start()
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for epoch in range(config.epochs):
        errors = []
        for way in WAYS if epoch % 2 else reversed(WAYS):
            pipes[way].send("go")
            seconds, error = pipes[way].recv()
            taken[way].append(seconds)
            errors.append(error)
        assert errors[0] == errors[1], f"epoch {epoch + 1}: {errors}"
        both = " and ".join(f"{taken[way][-1]:.2f} s {way}" for way in WAYS)
        print(f"epoch {epoch + 1} of {config.epochs}: {both}", flush=True)
    for worker in workers:
        worker.join()
    return {way: seconds[WARM:] for way, seconds in taken.items()}


def main() -> None:
    """Print a line for each of the quickstart's first designs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--root", type=Path, help="where the dataset is, if it is built; a temporary folder")
    given = parser.parse_args()
    spec = load_spec(SPACE)
    configs = [spec.config(params).model_copy(update={"epochs": given.epochs}) for params in spec.enqueued]
    with tempfile.TemporaryDirectory() as folder:
        root = given.root or Path(folder)
        for config in configs:
            ensure_data(config, root / "datasets", lambda done, total: None)
        for name, config in zip(("supervised", "puzzling"), configs, strict=True):
            found = [rates(config, root) for _ in range(given.rounds)]
            before, now = ([s for each in found for s in each[way]] for way in WAYS)
            ratios = [b / a for a, b in zip(before, now, strict=True)]
            low, _, high = statistics.quantiles(ratios, n=4)
            print(
                f"{name:12} {statistics.median(before):6.2f} s of processor time before, "
                f"{statistics.median(now):6.2f} s now, "
                f"ratio {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
