"""How much of the noise between seeds averaged weights take away, and whether they lower the mean error.

    python benchmarks/averaging.py run --out averaging.jsonl [--seeds 10] [--processes 1]
    python benchmarks/averaging.py table --out averaging.jsonl

The quickstart's design of supervised learning alone is trained with each seed. No average changes a digit of
the training, so that all of them are taken of the same run, and measured after its third and its last epoch:
the quickstart's first rung, and its result. A run is a line of the file; one that stands there is not trained
again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from kept_runs import parser, rows, run_all

from hpsearch.study.spec import load_spec
from trainables.data.loader import LoaderPool
from trainables.optim.averages import EmaConfig, LastConfig
from trainables.training.averaged_network import AveragedNetwork
from trainables.training.build import build_loader, build_trial_session
from trainables.training.config import TrainConfig, parse_config
from trainables.training.execution import Execution
from trainables.training.measuring import predict
from trainables.training.seeding import epoch_seeds
from trainables.training.training_data import ensure_data, labels_of

QUICKSTART = Path(__file__).parents[1] / "search_spaces" / "quickstart.yaml"
AVERAGES: dict[str, Any] = {
    "ema 0.9": EmaConfig(decay=0.9),
    "ema 0.999": EmaConfig(decay=0.999),
    "last 1": LastConfig(epochs=1),
    "last 3": LastConfig(epochs=3),
}
SETTINGS = ((7, "cosine"), (7, "constant"), (14, "cosine"))
"""Epochs and schedule: the quickstart's, and what differs in one of the two."""
RUNG = 3
DRAWS = 20_000


def config_of(epochs: int, schedule: str, seed: int) -> TrainConfig:
    """Return the quickstart's design without a helper."""
    spec = load_spec(QUICKSTART)
    tree = spec.config(spec.space.complete(spec.enqueued[0])).model_dump(mode="json")
    config = parse_config(tree | {"epochs": epochs, "schedule": schedule, "seed": seed})
    assert isinstance(config, TrainConfig), config
    return config


def run(epochs: int, schedule: str, seed: int, datasets: Path) -> dict[str, Any]:
    """Train one run; return the error of its weights and of each average, by epoch."""
    torch.set_num_threads(1)
    config, device, pool = config_of(epochs, schedule, seed), torch.device("cpu"), LoaderPool()
    execution = Execution.of(device, config.precision)
    data = ensure_data(config, datasets, lambda done, total: None)
    train, validation = (
        build_loader(config, samples, train=training, device=device, threads=1, pool=pool)
        for samples, training in ((data.train, True), (data.validation, False))
    )
    session = build_trial_session(config, data, device=device, threads=1, pool=pool)
    averaged = {
        name: AveragedNetwork(session.network.supervised(), average.build(epochs))
        for name, average in AVERAGES.items()
    }
    after_step = session.network.after_step

    def take(progress: float) -> None:
        after_step(progress)
        for each in averaged.values():
            if each.on(session.epoch):
                each.take()

    session.network.after_step = take  # type: ignore[method-assign]
    target, errors = config.target.build(labels_of(data.train)), {}
    for epoch in range(1, epochs + 1):
        report = session.run_epoch()
        if epoch not in (RUNG, epochs):
            continue
        errors[epoch] = {"none": report.validation["mae_deg"]}
        for name, each in averaged.items():
            if each.taken:
                data_seed, _, torch_seed = epoch_seeds(seed, epoch - 1)
                each.estimate_norms(train.epoch(data_seed), execution, torch_seed)
                found = predict(each.network, validation, target, execution)
                errors[epoch][name] = found.measures()["mae_deg"]
    return {"epochs": epochs, "schedule": schedule, "seed": seed, "mae_deg": errors}


def train_missing(out: Path, datasets: Path, seeds: int, processes: int) -> None:
    """Train what the file does not hold yet, seed by seed, the quickstart's own length and schedule first."""
    done = {(row["epochs"], row["schedule"], row["seed"]) for row in rows(out)}
    wanted = [(*setting, seed) for setting in SETTINGS for seed in range(seeds)]
    ensure_data(config_of(*wanted[0]), datasets, lambda done, total: None)
    run_all(run, [(*key, datasets) for key in wanted if key not in done], out, processes)


def table(out: Path) -> None:
    """Print mean, deviation and what is left of the deviation, with an interval over resampled seeds."""
    of: dict[tuple[int, str, str], list[dict[str, float]]] = {}
    for row in rows(out):
        for epoch, errors in row["mae_deg"].items():
            of.setdefault((row["epochs"], row["schedule"], epoch), []).append(errors)
    print("| run | average | seeds | mean | beside none | deviation | of none's, 95 % interval |")
    for (epochs, schedule, epoch), runs in of.items():
        other = np.array([errors["none"] for errors in runs])
        for name in runs[0]:
            mine = np.array([errors[name] for errors in runs])
            print(
                f"| epoch {epoch} of {epochs}, {schedule} | {name} | {len(mine)} | {mine.mean():.2f} "
                f"| {difference(mine - other)} | {deviation(mine):.3f} | {ratio(mine, other)} |"
            )


def deviation(errors: Any) -> float:
    """Return the standard deviation between seeds."""
    return float(errors.std(ddof=1)) if len(errors) > 1 else float("nan")


def difference(differences: Any) -> str:
    """Return the mean of paired differences with its 95 % interval by Student's t."""
    from scipy.stats import t

    if len(differences) < 2 or not differences.any():
        return f"{differences.mean():+.2f}"
    half = t.ppf(0.975, len(differences) - 1) * deviation(differences) / len(differences) ** 0.5
    mean = differences.mean()
    return f"{mean:+.2f} ({mean - half:+.2f} to {mean + half:+.2f})"


def ratio(mine: Any, other: Any) -> str:
    """Return the ratio of two deviations over the same seeds, with an interval over resampled seeds."""
    chosen = np.random.default_rng(0).integers(len(mine), size=(DRAWS, len(mine)))
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = mine[chosen].std(axis=1) / other[chosen].std(axis=1)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return f"{deviation(mine) / deviation(other):.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    """Train, or print the table."""
    arguments = parser(__doc__, seeds=10, processes=1).parse_args()
    if arguments.what == "run":
        train_missing(arguments.out, arguments.datasets, arguments.seeds, arguments.processes)
    table(arguments.out)


if __name__ == "__main__":
    main()
