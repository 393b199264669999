"""One real trial from prepared images to its weights, as a worker runs it."""

from __future__ import annotations

import time

from bench import Bench
from support.toy import prepared_blobs, toy_config

from trainables.training.checkpoints import BEST_WEIGHTS
from trainables.training.jobs import Failed, JobRunner, TrialJob

EPOCHS = 2


def check(bench: Bench) -> None:
    datasets = bench.folder / "datasets"
    prepared_blobs(datasets / "blobs", splits=("train", "train", "validation"), count=24)
    trial = toy_config(batch=4, epochs=EPOCHS, pretext="puzzling", precision="auto")
    job = TrialJob(0, trial, None, bench.folder / "0000", datasets, cpus=2, gpus=float(bench.on_gpu))
    runner = JobRunner.on(gpu=bench.on_gpu)
    began_s = time.perf_counter()
    runner.take(job)
    history: list[dict[str, float]] = []
    done = False
    while not done:
        outcome = runner.step()
        if isinstance(outcome, Failed):
            raise RuntimeError(outcome.reason)
        history += outcome.history
        done = outcome.done
    runner.close()
    last = history[-1]
    bench.figure(
        "a trial of blobs",
        on=runner.device_name,
        seconds=time.perf_counter() - began_s,
        mae_deg=[epoch["validation/mae_deg"] for epoch in history],
        images_per_s=last["speed/images_per_s"],
        peak_mib=last["memory/peak_mib"],
    )
    bench.require(len(history) == EPOCHS, f"{len(history)} epochs of {EPOCHS} were reported")
    bench.require((job.folder / BEST_WEIGHTS).is_file(), "no weights were left")
