"""Images/s of training: fed by the loader, from memory, by synthetic input; a profile where it is missed."""

from __future__ import annotations

import torch
from bench import Bench
from material import config, jpegs, memory_session, session

from hpsearch.work.shares import threads_to_feed
from trainables.base.allowance import allowed_cores
from trainables.training.session import Session

GOAL = 0.93
"""Of synthetic input."""


def check(bench: Bench) -> None:
    cases = (("resnet18", 64, 64), ("resnet18", 112, 128), ("resnet50", 224, 64))
    for backbone, px, batch in cases if bench.on_gpu else (("resnet10", 32, 8),):
        batches = 40 if bench.on_gpu else 2
        samples = jpegs(bench.data, batches * batch, px)
        for optimizer in ("adamw", "adabelief"):
            settings = config(backbone, px, batch, optimizer=optimizer)
            alone = session(settings, samples, bench.device, threads=1)
            alone.train_epoch()
            threads = min(threads_to_feed(alone.train_epoch().data_wait_share), allowed_cores())
            fed = session(settings, samples, bench.device, threads=threads)
            held = 8 if bench.on_gpu else 1
            memory = memory_session(settings, bench.device, batches=batches, held=held)
            synthetic = memory_session(settings, bench.device, batches=batches, held=1)
            rates = {name: rate(run) for name, run in (("memory", memory), ("synthetic", synthetic))}
            rate(fed)
            measured = fed.train_epoch()
            share = measured.images_per_s / rates["synthetic"]
            name = f"{backbone} {px} px, batch {batch}, {optimizer}"
            bench.figure(
                name,
                threads=threads,  # as a trial is given them by what was measured with one
                images_per_s=measured.images_per_s,
                memory_fed=rates["memory"],
                synthetic=rates["synthetic"],
                of_synthetic=share,
                wait_share=measured.data_wait_share,
                peak_mib=measured.peak_memory_mib,
            )
            if bench.on_gpu and share < GOAL:
                profile(bench, name, fed)
            goal = bench.on_gpu and backbone == "resnet50"
            bench.require(not goal or share >= GOAL, f"{name}: {share:.2f} of synthetic input, {GOAL} wanted")


def rate(run: Session) -> float:
    """Return the images/s of an epoch after one that warms up."""
    run.train_epoch()
    return run.train_epoch().images_per_s


def profile(bench: Bench, name: str, run: Session) -> None:
    """Write where the time of an epoch goes."""
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=kinds) as seen:
        run.train_epoch()
    for order in ("self_cuda_time_total", "self_cpu_time_total"):
        file = bench.out / f"profile, {name}, {order}.txt"
        file.write_text(seen.key_averages().table(sort_by=order, row_limit=40))
