"""The edge to Ray: one trial on its share of a machine. All work is done by `Session`."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import torch
from ray import tune

from trainables.checkpoints import BEST_WEIGHTS, Checkpoints, History
from trainables.config import TrainConfig
from trainables.durable import save_state
from trainables.learner import Diverged
from trainables.loader import LoaderPool
from trainables.training import build_session, open_data


@dataclass(frozen=True)
class TrialJob:
    """What a worker needs to know of a trial."""

    number: int
    config: TrainConfig
    folder: Path
    datasets_root: Path
    cpus: int
    gpus: float


class RayTrainable(tune.Trainable):
    """Runs a `TrialJob` an epoch a step. A worker that is reused keeps its loaders.

    Every step returns `history`, the metrics of the epochs since the last step: after a restart those of the
    checkpoint too, because the driver may have missed the last of them.
    """

    def setup(self, config: dict[str, Any]) -> None:
        """Start the job in `config["job"]`, or go on from its newest checkpoint."""
        self._pool = LoaderPool()
        self._start(config["job"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another job in the same process: starting one costs seconds."""
        self._checkpoints.flush()
        self._start(new_config["job"])
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch; a loss that is not finite ends the trial with a reason."""
        first = self._unreported
        try:
            if self._session.epoch < self._job.config.epochs:
                self._history.append(self._session.run_epoch().metrics())
        except Diverged as error:
            return {"failed": str(error), "done": True}
        done = self._session.epoch >= self._job.config.epochs
        if done:
            self._checkpoints.flush()
            self._job.folder.mkdir(parents=True, exist_ok=True)
            save_state(self._session.best_weights(), self._job.folder / BEST_WEIGHTS)
        else:
            self._checkpoints.save(self._session, self._history)
        self._unreported = len(self._history)
        notes, self._notes = self._notes, []
        return {
            "first_epoch": first + 1,
            "history": self._history[first:],
            "notes": notes,
            "done": done,
            **self._placement(),
        }

    def _start(self, job: TrialJob) -> None:
        on_gpu = bool(ray.get_gpu_ids())
        self._job = job
        self._device = torch.device("cuda", 0) if on_gpu else torch.device("cpu")
        torch.set_num_threads(job.cpus)
        if on_gpu and job.gpus < 1:
            torch.cuda.set_per_process_memory_fraction(job.gpus)
        data = open_data(job.config, job.datasets_root)
        self._session = build_session(
            job.config, data, device=self._device, threads=job.cpus, pool=self._pool
        )
        self._checkpoints = Checkpoints(job.folder)
        self._history: History
        self._notes: list[str]
        self._history, self._notes = self._checkpoints.restore(self._session)
        self._unreported = 0

    def _placement(self) -> dict[str, Any]:
        device = torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else "cpu"
        return {
            "host": socket.gethostname(),
            "device": device,
            "cpus": float(self._job.cpus),
            "gpus": self._job.gpus,
        }
