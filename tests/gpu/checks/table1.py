"""The twin of the paper's table 1, its arms packed on the device, as many seeds as the time allows."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from bench import Bench

from hpsearch.study.spec import load_spec
from trainables.training.config import TrainConfig
from trainables.training.jobs import TrialJob, Worker, run_here
from trainables.training.metrics import mean_prediction
from trainables.training.training_data import ensure_data

SPACE = Path(__file__).parents[3] / "search_spaces" / "paper" / "table1_flags_heads.yaml"
FEW = {"rendered-heads": {"images": 40, "subjects": 8, "image_px": 64}}


def check(bench: Bench) -> None:
    ends_s = time.monotonic() + 0.85 * bench.seconds
    configs, datasets = table1_configs(few=not bench.on_gpu), bench.data / "datasets"
    data = ensure_data(configs[0], datasets, lambda done, total: None)
    train, validation = data.train, data.validation
    baseline = mean_prediction(train.labels, validation.labels, train.target).measures()["mae_deg"]
    errors: dict[str, list[float]] = {}
    packed, began_s = (8 if bench.on_gpu else 1), time.monotonic()
    device = str(bench.device)
    with ProcessPoolExecutor(packed, get_context("spawn")) as processes:
        jobs = {
            processes.submit(train_one, device, config, bench.folder / str(number), datasets): config
            for number, config in enumerate(configs)
        }
        for job, config in jobs.items():
            try:
                error_deg = job.result(timeout=max(0.0, ends_s - time.monotonic()))
            except NotInTime:
                break
            errors.setdefault(arm(config), []).append(error_deg)
        processes.shutdown(wait=False, cancel_futures=True)
    for name, found in errors.items():
        bench.figure(name, mae_deg=statistics.mean(found), seeds=len(found))
    done = sum(map(len, errors.values()))
    bench.figure("all", trials=done, of=len(configs), seconds=time.monotonic() - began_s, baseline=baseline)
    worst = max(map(statistics.mean, errors.values()), default=float("inf"))
    bench.require(
        not bench.on_gpu or worst < 0.7 * baseline, f"an arm ends at {worst:.1f} deg, the mean pose"
    )


def table1_configs(*, few: bool = False) -> list[TrainConfig]:
    """Return the arms of the table with all their seeds; of `few` images two for an epoch."""
    spec = load_spec(SPACE)
    trees = [spec.space.fill(params) for params in spec.enqueued]
    if few:
        trees = [smaller(tree) for tree in trees[:2]]
    return [TrainConfig.model_validate(tree) for tree in trees]


def smaller(tree: dict[str, Any]) -> dict[str, Any]:
    return {**tree, "epochs": 1, "data": {**tree["data"], "train": {"dataset": FEW}, "batch": 8}}


def arm(config: TrainConfig) -> str:
    task = type(config.pretext).__name__.removesuffix("Config")
    return f"{task}, flag {getattr(config.pretext, 'flag', '-')}"


def train_one(device: str, config: TrainConfig, folder: Path, datasets: Path) -> float:
    """Return the error after the last epoch, degrees."""
    torch.set_num_threads(1)
    job = TrialJob(0, config, None, folder, datasets, cpus=1, gpus=1)
    history = [row for result in run_here(job, Worker(torch.device(device))) for row in result.history]
    return history[-1]["validation/mae_deg"]
