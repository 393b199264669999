"""Processes that share the device: 1, 4, 8 and 16 small trainings in parallel, with and without MPS."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Any

import torch
from bench import Bench
from material import blobs, config, jpegs, session

from hpsearch.ray.mps import CONTROL, PIPES, Mps
from hpsearch.ray.reaper import MARK, reaped
from hpsearch.work.shares import share_of
from trainables.base.allowance import allowed_cores
from trainables.training.gpu_share import keep_to_share
from trainables.training.packing import worth_packing
from trainables.training.packing_measurement import Candidate, measure_together

STARTED_S = 90.0
"""How long processes may take until all are ready: they import torch at once."""


def check(bench: Bench) -> None:
    counts, seconds = ((1, 4, 8, 16), 5.0) if bench.on_gpu else ((1, 2), 1.0)
    samples(bench.data, bench.on_gpu)
    for way in ("in turns", "MPS") if bench.on_gpu and shutil.which(CONTROL) else ("in turns",):
        with mps(bench) if way == "MPS" else in_turns():
            totals = {count: together(bench, count, seconds) for count in counts}
        for count, total in totals.items():
            bench.figure(f"{count}, {way}", images_per_s=total, beside_one=total / totals[1])
        if way == "MPS":
            gain = totals[8] / totals[1]
            bench.require(gain >= 3, f"8 packed trainings do {gain:.2f} times the work of one, 3 wanted")
    as_measured(bench)


@contextmanager
def in_turns() -> Iterator[None]:
    yield


@contextmanager
def mps(bench: Bench) -> Iterator[None]:
    """Run the service as a launch does; the check fails where it does not start."""
    os.environ[MARK] = str(bench.folder)
    with reaped(bench.folder), Mps(lambda why: bench.require(False, why)).running(bench.folder):
        bench.require(PIPES in os.environ, "MPS was not started")
        yield


def as_measured(bench: Bench) -> None:
    """Measure as a launch does before its search."""
    px, batch, count = (64, 64, 3000) if bench.on_gpu else (32, 4, 24)
    datasets = blobs(bench.data / "datasets" if bench.on_gpu else bench.folder, "many", count)
    design = config("resnet18" if bench.on_gpu else "resnet10", px, batch, dataset="many")
    candidate = Candidate(design, 8 if bench.on_gpu else 2, most_threads=2, cores=allowed_cores())
    (found,) = measure_together([candidate], datasets, bench.device, seconds=bench.seconds)
    bench.require(isinstance(found, dict), f"not measured: {found}")
    if isinstance(found, dict):
        bench.figure("as a launch measures it", together=found, worth=worth_packing(found))


def samples(data: Path, real: bool) -> Any:
    return jpegs(data, 1024 if real else 16, 64)


def together(bench: Bench, count: int, seconds: float) -> float:
    """Return the images/s of so many trainings, all together."""
    context = get_context("spawn")
    begin, rates = context.Barrier(count), context.Queue()
    work = (str(bench.device), str(bench.data), count, seconds, bench.on_gpu, begin, rates)
    running = [context.Process(target=train, args=work, daemon=True) for _ in range(count)]
    try:
        for process in running:
            process.start()
        return float(sum(rates.get(timeout=2 * STARTED_S) for _ in running))
    except Empty:
        raise RuntimeError(f"of {count} trainings one did not come to its end") from None
    finally:
        for process in running:
            process.kill()
            process.join()


def train(device: str, data: str, count: int, seconds: float, real: bool, begin: Any, rates: Any) -> None:
    torch.set_num_threads(1)
    keep_to_share(torch.device(device), share_of(count))
    batch, backbone = (64, "resnet18") if real else (8, "resnet10")
    images = samples(Path(data), real)
    run = session(config(backbone, 64, batch), images, torch.device(device), threads=1)
    run.run_epoch()
    begin.wait(timeout=STARTED_S)
    began_s, trained = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        run.train_epoch()
        trained += len(images)
    rates.put(trained / (time.perf_counter() - began_s))
