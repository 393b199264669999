"""Which form of a helper helps, and what the paper's form costs: a ResNet-10 at 64 px, paired seeds.

    python benchmarks/helper_forms.py run --out forms.jsonl [--seeds 3] [--epochs 20] [--processes 2]
    python benchmarks/helper_forms.py table --out forms.jsonl

Every arm is trained on the images of `search/space.yaml` with each seed; a run is a line of the file, and one
that stands there is not trained again. After its last epoch BatchNorm's statistics are estimated anew on
clean images and the network is evaluated again: what falls was a mismatch of statistics. Three arms tell the
harm of the paper's form apart, all with a quarter of the batch perturbed: the pose learned from all of it
(label and gradient of the helper), the same without heads (label), the pose learned from the clean rest
(gradient).
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import torch
from kept_runs import parser, rows, run_all
from torch.optim.swa_utils import update_bn

from hpsearch.results.statistics import paired_difference
from hpsearch.study.spec import load_spec
from trainables.data.loader import LoaderPool
from trainables.training.build import build_loader, build_trial_session
from trainables.training.config import TrainConfig
from trainables.training.training_data import ensure_data

SPACE = Path(__file__).with_name("search") / "space.yaml"
QUARTER = {"share": 0.25}
ARMS: dict[str, tuple[object, int]] = {
    "SL": ("none", 1),
    "SL, twice the epochs": ("none", 2),
    "puzzling shared 1 (paper)": ({"puzzling": {}}, 1),
    "puzzling shared 1/4": ({"puzzling": {"view": {"shared": QUARTER}}}, 1),
    "puzzling shared 1/4, no heads": ({"puzzling": {"view": {"shared": QUARTER}, "heads": False}}, 1),
    "puzzling split 1/4": ({"puzzling": {"view": {"split": QUARTER}}}, 1),
    "puzzling two 1": ({"puzzling": {"view": "two"}}, 1),
    "puzzling two 1, norm split": ({"puzzling": {"view": {"two": {"norm": "split"}}}}, 1),
    "rotation split 1/4": ({"rotation": {"view": {"split": QUARTER}}}, 1),
    "rotation two 1": ({"rotation": {"view": "two"}}, 1),
    "puzzling_rotation split 1/4": ({"puzzling_rotation": {"view": {"split": QUARTER}}}, 1),
    "puzzling_rotation two 1": ({"puzzling_rotation": {"view": "two"}}, 1),
}
"""Name -> pretext task, and how many times the epochs."""


def config_of(arm: str, seed: int, epochs: int) -> TrainConfig:
    """Return the config of that space with an arm's task, no dropout and so many epochs."""
    spec = load_spec(SPACE)
    tree = spec.space.fill(next(spec.space.probes()))
    pretext, times = ARMS[arm]
    return TrainConfig.model_validate({**tree, "pretext": pretext, "seed": seed, "epochs": epochs * times})


def run(arm: str, seed: int, epochs: int, datasets: Path) -> dict[str, Any]:
    """Train one arm with one seed; return the errors after each epoch, and with statistics estimated anew."""
    torch.set_num_threads(1)
    config, device = config_of(arm, seed, epochs), torch.device("cpu")
    data = ensure_data(config, datasets, lambda done, total: None)
    pool = LoaderPool()
    session = build_trial_session(config, data, device=device, threads=1, pool=pool)
    maes = [session.run_epoch().validation["mae_deg"] for _ in range(config.epochs)]
    network = session.network.supervised()
    train = build_loader(config, data.train, train=True, device=device, threads=1, pool=pool)
    with torch.inference_mode():
        update_bn((batch.images for batch in train.epoch(seed=0)), network)
    validation = build_loader(config, data.validation, train=False, device=device, threads=1, pool=pool)
    anew_deg = session.evaluate(validation)["mae_deg"]
    return {"arm": arm, "seed": seed, "epochs": config.epochs, "mae_deg": maes, "anew_deg": anew_deg}


def train_missing(out: Path, datasets: Path, seeds: int, epochs: int, processes: int) -> None:
    """Train what the file does not hold yet, seed by seed."""
    done = {(row["arm"], row["seed"]) for row in rows(out)}
    missing = [(arm, seed) for seed in range(seeds) for arm in ARMS if (arm, seed) not in done]
    ensure_data(config_of("SL", 0, epochs), datasets, lambda done, total: None)
    run_all(run, [(arm, seed, epochs, datasets) for arm, seed in missing], out, processes)


def table(out: Path) -> None:
    """Print each arm's last error, its difference to SL, and its error with statistics estimated anew."""
    arms: dict[str, dict[int, dict[str, Any]]] = {}
    for row in rows(out):
        arms.setdefault(row["arm"], {})[row["seed"]] = row
    alone = {seed: row["mae_deg"][-1] for seed, row in arms["SL"].items()}
    print(f"{'arm':30} {'MAE':>6} {'seeds':18} {'vs SL':>7} {'95 %':>16} {'anew':>6}")
    for arm, runs in arms.items():
        last = {seed: row["mae_deg"][-1] for seed, row in sorted(runs.items())}
        found = paired_difference(last, alone)
        assert found is not None
        ends = "" if found.half is None else f"{found.low:+.2f} to {found.high:+.2f}"
        seeds = " ".join(f"{value:.2f}" for value in last.values())
        anew = statistics.fmean(row["anew_deg"] for row in runs.values())
        mean = statistics.fmean(last.values())
        print(f"{arm:30} {mean:6.2f} {seeds:18} {found.mean:+7.2f} {ends:>16} {anew:6.2f}")


def main() -> None:
    """Train, or print the table."""
    options = parser(__doc__, seeds=3, processes=2)
    options.add_argument("--epochs", type=int, default=20)
    arguments = options.parse_args()
    if arguments.what == "run":
        train_missing(
            arguments.out, arguments.datasets, arguments.seeds, arguments.epochs, arguments.processes
        )
    table(arguments.out)


if __name__ == "__main__":
    main()
