"""A run that goes on: here to the same weights, from a CPU, and weights that load where there is no GPU."""

from __future__ import annotations

import os

import torch
from bench import Bench
from material import config, jpegs, session
from support.toy import prepared_blobs, toy_config

from trainables.training.checkpoints import BEST_WEIGHTS, Checkpoints
from trainables.training.jobs import TrialJob, Worker, run_here
from trainables.training.session import Session


def check(bench: Bench) -> None:
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.use_deterministic_algorithms(True, warn_only=True)
    samples, settings = jpegs(bench.data, 48, 64), config("resnet10", 64, 16)
    whole, twice, part = (session(settings, samples, bench.device) for _ in range(3))
    for run in (whole, twice):
        run.run_epoch()
        run.run_epoch()
    folder = bench.folder / "same"
    save(part, folder)
    again = session(settings, samples, bench.device)
    history, notes = Checkpoints(folder).restore(again)
    again.run_epoch()
    resumed, repeated = largest(whole, again), largest(whole, twice)
    bench.figure("resumed beside never stopped", largest=resumed, notes=notes)
    bench.figure("run twice", largest=repeated)
    bench.require(len(history) == 1 and not notes, "the checkpoint was not taken over")
    bench.require(resumed <= max(repeated, 1e-6), f"weights differ by {resumed:.2g} after resuming")

    folder = bench.folder / "from a CPU"
    save(session(settings, samples, torch.device("cpu")), folder)
    taken = session(settings, samples, bench.device)
    history, notes = Checkpoints(folder).restore(taken)
    bench.require(len(history) == taken.epoch == 1 and not notes, f"a CPU's epochs are lost here: {notes}")
    bench.require(taken.run_epoch().epoch == 2, "it does not go on")

    prepared_blobs(bench.folder / "datasets" / "blobs", splits=("train", "train", "validation"), count=24)
    trial = toy_config(batch=4, epochs=2)
    job = TrialJob(0, trial, None, bench.folder / "0000", bench.folder / "datasets", cpus=1, gpus=1)
    for _ in run_here(job, Worker(bench.device)):
        pass
    best = torch.load(job.folder / BEST_WEIGHTS, weights_only=True)
    bench.require({value.device.type for value in best.values()} == {"cpu"}, "weights are not on the CPU")


def save(run: Session, folder: object) -> None:
    kept = Checkpoints(folder)
    kept.save(run, [run.run_epoch().metrics()])
    kept.flush()


def largest(one: Session, other: Session) -> float:
    a, b = one.network.state_dict(), other.network.state_dict()
    return max((a[name].float() - b[name].float()).abs().max().item() for name in a)
