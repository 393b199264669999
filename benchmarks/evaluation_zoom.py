"""How much of an image a network should be measured on: the same finished networks at several zooms.

    python benchmarks/evaluation_zoom.py run --out zoom.jsonl [--only 64] [--seeds 3] [--processes 2]
    python benchmarks/evaluation_zoom.py table --out zoom.jsonl

Each setting is trained on rendered heads with each seed; a run is a line of the file, and one that stands
there is not trained again. Then the network is measured on the validation set several times, with another
`data.evaluation_zoom` each. Training is the same in all of them.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import torch
from kept_runs import parser, rows, run_all

from trainables.data.loader import LoaderPool
from trainables.training.build import build_loader, build_trial_session
from trainables.training.config import TrainConfig
from trainables.training.training_data import ensure_data

ZOOMS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
TWO: dict[str, Any] = {"view": {"two": {"share": 0.5}}}
SETTINGS: dict[str, tuple[int, int, object, object]] = {
    "32 px, 7 epochs": (32, 7, 1, "none"),
    "32 px, 7 epochs, puzzling in two views": (32, 7, 1, {"puzzling": TWO}),
    "64 px, 4 epochs": (64, 4, 1, "none"),
    "64 px, 21 epochs": (64, 21, 1, "none"),
    "64 px, 4 epochs, zoom 0.4": (64, 4, {"1": {"zoom": 0.4}}, "none"),
    "64 px, 4 epochs, no zoom": (64, 4, {"1": {"zoom": 0.0}}, "none"),
    "64 px, 4 epochs, puzzling in two views": (64, 4, 1, {"puzzling": TWO}),
    "64 px, 4 epochs, rotation in two views": (64, 4, 1, {"rotation": TWO}),
    "64 px, 4 epochs, puzzling of all images": (64, 4, 1, "puzzling"),
    "64 px, 4 epochs, rotation of all images": (64, 4, 1, "rotation"),
    "224 px, 10 epochs": (224, 10, 1, "none"),
    "224 px, 10 epochs, puzzling in two views": (224, 10, 1, {"puzzling": TWO}),
}
"""Name -> side in pixels, epochs, augmentation, pretext task."""


def config_of(setting: str, seed: int) -> TrainConfig:
    """Return a setting's config: the quickstart's network and number of images."""
    image_px, epochs, augmentation, pretext = SETTINGS[setting]
    heads = {"images": 1000, "subjects": 100, "image_px": image_px}
    return TrainConfig.model_validate(
        {
            "data": {
                "train": {"dataset": {"rendered-heads": heads}},
                "image_px": image_px,
                "batch": 32,
            },
            "augmentation": augmentation,
            "network": {"backbone": "resnet10", "dropout": 0.0},
            "head": "regression",
            "pretext": pretext,
            "optimizer": {"adamw": {"lr": 0.002}},
            "epochs": epochs,
            "seed": seed,
        }
    )


def run(setting: str, seed: int, datasets: Path) -> dict[str, Any]:
    """Train one setting with one seed; return the validation error after its last epoch by zoom."""
    torch.set_num_threads(1)
    config, device, pool = config_of(setting, seed), torch.device("cpu"), LoaderPool()
    data = ensure_data(config, datasets, lambda done, total: None)
    session = build_trial_session(config, data, device=device, threads=1, pool=pool)
    for _ in range(config.epochs):
        session.run_epoch()
    errors = {}
    for zoom in ZOOMS:
        zoomed = config.model_copy(update={"data": config.data.model_copy(update={"evaluation_zoom": zoom})})
        loader = build_loader(zoomed, data.validation, train=False, device=device, threads=1, pool=pool)
        errors[str(zoom)] = session.evaluate(loader)["mae_deg"]
    return {"setting": setting, "seed": seed, "mean": config.evaluation_zoom, "mae_deg": errors}


def train_missing(out: Path, datasets: Path, only: str, seeds: int, processes: int) -> None:
    """Train what the file does not hold yet, seed by seed."""
    done = {(row["setting"], row["seed"]) for row in rows(out)}
    wanted = [(name, seed) for seed in range(seeds) for name in SETTINGS if name.startswith(only)]
    missing = [pair for pair in wanted if pair not in done]
    for name, seed in missing:
        ensure_data(config_of(name, seed), datasets, lambda done, total: None)
    run_all(run, [(*pair, datasets) for pair in missing], out, processes)


def table(out: Path) -> None:
    """Print each setting's mean error at each zoom, and how often the mean zoom in training is better."""
    of: dict[str, list[dict[str, Any]]] = {}
    for row in rows(out):
        of.setdefault(row["setting"], []).append(row)
    print("| setting |", " | ".join(map(str, ZOOMS)), "| mean of training's | better than 0 |")
    for setting, runs in of.items():
        means = [statistics.fmean(row["mae_deg"][str(zoom)] for row in runs) for zoom in ZOOMS]
        mean = str(runs[0]["mean"])
        better = sum(row["mae_deg"][mean] < row["mae_deg"]["0.0"] for row in runs)
        print(
            f"| {setting} |", " | ".join(f"{m:.2f}" for m in means), f"| {mean} | {better} of {len(runs)} |"
        )


def main() -> None:
    """Train, or print the table."""
    options = parser(__doc__, seeds=3, processes=2)
    options.add_argument("--only", default="", help="the beginning of the settings' names")
    arguments = options.parse_args()
    if arguments.what == "run":
        train_missing(arguments.out, arguments.datasets, arguments.only, arguments.seeds, arguments.processes)
    table(arguments.out)


if __name__ == "__main__":
    main()
