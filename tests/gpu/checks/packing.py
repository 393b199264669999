"""Processes that share the device: 1, 2, 4 and 8 trainings of a small network in parallel."""

from __future__ import annotations

import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from bench import Bench
from material import config, jpegs, session

from hpsearch.work.shares import share_of
from trainables.training.gpu_share import keep_to_share


def check(bench: Bench) -> None:
    counts, seconds = ((1, 2, 4, 8), 12.0) if bench.on_gpu else ((1, 2), 1.0)
    totals = {}
    for count in counts:
        totals[count] = together(bench, count, seconds)
        bench.figure(f"{count} packed", images_per_s=totals[count], beside_one=totals[count] / totals[1])
    if bench.on_gpu:
        gain = totals[8] / totals[1]
        bench.require(gain >= 3, f"8 packed trainings do {gain:.2f} times the work of one, 3 wanted")


def together(bench: Bench, count: int, seconds: float) -> float:
    context = get_context("spawn")
    begin, rates = context.Barrier(count), context.Queue()
    work = (str(bench.device), str(bench.folder), count, seconds, bench.on_gpu, begin, rates)
    running = [context.Process(target=train, args=(number, *work), daemon=True) for number in range(count)]
    for process in running:
        process.start()
    total = sum(rates.get(timeout=bench.seconds) for _ in running)
    for process in running:
        process.join()
    return float(total)


def train(
    number: int, device: str, folder: str, count: int, seconds: float, real: bool, begin: Any, rates: Any
) -> None:
    torch.set_num_threads(1)
    keep_to_share(torch.device(device), share_of(count))
    batch, backbone = (64, "resnet18") if real else (8, "resnet10")
    samples = jpegs(Path(folder) / f"{count}-{number}", 16 * batch if real else 2 * batch, 64)
    run = session(config(backbone, 64, batch), samples, torch.device(device), threads=1)
    run.run_epoch()
    begin.wait()
    began_s, images = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        run.train_epoch()
        images += len(samples)
    rates.put(images / (time.perf_counter() - began_s))
