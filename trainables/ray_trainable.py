"""The edge to Ray: one job on its share of a machine. All work is done by the run that it starts."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import ray
import torch
from ray import tune

from trainables.base.disk import DiskFull
from trainables.base.errors import InputError
from trainables.data.loader import LoaderPool
from trainables.training.checkpoints import Checkpoints, CheckpointWriter, History
from trainables.training.jobs import Job, Run
from trainables.training.trainer import Diverged


class RayTrainable(tune.Trainable):
    """Runs a `Job` an epoch a step. A worker that is reused keeps its loaders.

    Every step returns `history`, the metrics of the epochs since the last step: after a restart those of the
    checkpoint too, because the driver may have missed the last of them.
    """

    _run: Run | None
    _history: History
    _notes: list[str]
    _unreported: int

    def setup(self, config: dict[str, Any]) -> None:
        """Start the job in `config["job"]`, or go on from its newest checkpoint."""
        self._pool = LoaderPool()
        self._writer = CheckpointWriter()
        self._start(config["job"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another job in the same process: starting one costs seconds."""
        self._checkpoints.abandon()
        self._start(new_config["job"])
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch and keep what it came to.

        A loss that is not finite and bad input end the job with a reason, for good. A full disk is not the
        job's fault: the driver hears of it and ends the launch, and the next launch goes on with the job.
        """
        run = self._run
        if run is None:
            return {"failed": self._refused, "done": True}
        first = self._unreported
        try:
            self._checkpoints.copied()
            if run.epoch < self._job.epochs:
                last = run.epoch + 1 == self._job.epochs
                report = run.run_epoch(self._checkpoints.draft if last else None)
                self._history.append(report.metrics())
            done = run.epoch >= self._job.epochs
            self._keep(run, done)
        except (Diverged, InputError) as error:
            return {"failed": str(error), "done": True}
        except DiskFull as error:
            return {"disk_full": [error.path, error.needed_bytes], "done": True}
        self._unreported = len(self._history)
        notes, self._notes = self._notes, []
        return {
            "first_epoch": first + 1,
            "history": self._history[first:],
            "notes": notes,
            "done": done,
            **self._placement(),
        }

    def cleanup(self) -> None:
        """Let the last checkpoint be written before the process ends: it is removed only once it is there."""
        with contextlib.suppress(OSError):  # nobody goes on from it
            self._checkpoints.flush()

    def _keep(self, run: Run, done: bool) -> None:
        if done:
            self._checkpoints.flush()
            self._job.finish(run, self._history)
        else:
            self._checkpoints.save(run, self._history)

    def _start(self, job: Job[Any]) -> None:
        on_gpu = bool(ray.get_gpu_ids())
        self._job = job
        self._device = torch.device("cuda", 0) if on_gpu else torch.device("cpu")
        torch.set_num_threads(job.cpus)
        if on_gpu and job.gpus < 1:
            torch.cuda.set_per_process_memory_fraction(job.gpus)
        self._checkpoints = Checkpoints(job.folder, self._writer)
        self._run = None  # the memory of the one before is free for this one
        try:
            run = job.start(self._device, self._pool)
        except InputError as error:  # another try would end the same way
            self._refused = str(error)
            return
        self._history, self._notes = self._checkpoints.restore(run)
        self._run = run
        self._unreported = 0

    def _placement(self) -> dict[str, Any]:
        device = torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else "cpu"
        return {
            "host": socket.gethostname(),
            "device": device,
            "cpus": float(self._job.cpus),
            "gpus": self._job.gpus,
        }
