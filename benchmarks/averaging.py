"""How much of the noise between seeds averaged weights take away, and whether they lower the mean error.

    python benchmarks/averaging.py run --out averaging.jsonl [--designs SL] [--seeds 10] [--processes 1]
    python benchmarks/averaging.py table --out averaging.jsonl

Designs of the quickstart are trained with each seed: supervised learning alone, puzzling beside it, another
head at twice the learning rate. No average changes a digit of the training, so that all of them are taken
of the same run, and measured after its third and its last epoch: the quickstart's first rung, and its
result. A run is a line of the file; one that stands there is not trained again. The last table has averages
of a constant rate beside the same seeds along a cosine without one.
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
DESIGNS: dict[str, dict[str, Any]] = {
    "SL": {},
    "puzzling": {"pretext": {"puzzling": {"grid": 2, "flag": 3, "view": {"two": {"share": 0.5}}}}},
    "rot6d": {"head": "rot6d", "optimizer": {"adamw": {"lr": 0.004}}},
}
"""What differs from the quickstart's design without a helper."""
RUNG = 3
DRAWS = 20_000
BySeed = dict[int, dict[str, float]]
"""Of each seed the error of each average, in degrees."""
HEADING = "| deviation | of its deviation, 95 % interval |"


def config_of(design: str, epochs: int, schedule: str, seed: int) -> TrainConfig:
    """Return a design by its name in `DESIGNS`."""
    spec = load_spec(QUICKSTART)
    tree = spec.config(spec.space.complete(spec.enqueued[0])).model_dump(mode="json")
    varied = {"epochs": epochs, "schedule": schedule, "seed": seed}
    config = parse_config(tree | DESIGNS[design] | varied)
    assert isinstance(config, TrainConfig), config
    return config


def run(design: str, epochs: int, schedule: str, seed: int, datasets: Path) -> dict[str, Any]:
    """Train one run; return the error of its weights and of each average, by epoch."""
    torch.set_num_threads(1)
    config, device, pool = config_of(design, epochs, schedule, seed), torch.device("cpu"), LoaderPool()
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
    return {"design": design, "epochs": epochs, "schedule": schedule, "seed": seed, "mae_deg": errors}


def train_missing(out: Path, datasets: Path, designs: list[str], seeds: int, processes: int) -> None:
    """Train what the file does not hold yet, seed by seed, the quickstart's own length and schedule first."""
    done = {(row["design"], row["epochs"], row["schedule"], row["seed"]) for row in rows(out)}
    wanted = [(design, *each, seed) for each in SETTINGS for design in designs for seed in range(seeds)]
    ensure_data(config_of(*wanted[0]), datasets, lambda done, total: None)
    run_all(run, [(*key, datasets) for key in wanted if key not in done], out, processes)


def table(out: Path) -> None:
    """Print mean, deviation and what is left of the deviation, with an interval over resampled seeds."""
    runs: dict[tuple[str, int, str, int], BySeed] = {}
    for row in rows(out):
        for epoch, errors in row["mae_deg"].items():
            of_run = runs.setdefault((row["design"], row["epochs"], row["schedule"], int(epoch)), {})
            of_run[row["seed"]] = errors
    print(f"| run | average | seeds | mean | beside none {HEADING}")
    for (design, epochs, schedule, epoch), by_seed in runs.items():
        for name in next(iter(by_seed.values())):
            title = f"{design}, epoch {epoch} of {epochs}, {schedule} | {name}"
            print(line(title, by_seed, name, by_seed))
    print(f"\n| run | average | seeds | mean | beside a cosine without one {HEADING}")
    for (design, epochs, schedule, epoch), by_seed in runs.items():
        cosine = runs.get((design, epochs, "cosine", epochs))
        if schedule == "constant" and epoch == epochs and cosine:
            for name in next(iter(by_seed.values())):
                print(line(f"{design}, epoch {epoch}, constant | {name}", by_seed, name, cosine))


def line(title: str, mine: BySeed, name: str, other: BySeed) -> str:
    """Return a row of a table: an average's errors beside the same seeds of `other` without one."""
    seeds = sorted(mine.keys() & other.keys())
    errors = np.array([mine[seed][name] for seed in seeds])
    beside = np.array([other[seed]["none"] for seed in seeds])
    return (
        f"| {title} | {len(seeds)} | {errors.mean():.2f} | {difference(errors - beside)} "
        f"| {deviation(errors):.3f} | {ratio(errors, beside)} |"
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
    options = parser(__doc__, seeds=10, processes=1)
    options.add_argument("--designs", nargs="+", choices=DESIGNS, default=["SL"])
    arguments = options.parse_args()
    if arguments.what == "run":
        train_missing(
            arguments.out, arguments.datasets, arguments.designs, arguments.seeds, arguments.processes
        )
    table(arguments.out)


if __name__ == "__main__":
    main()
