"""What a worker is sent: a trial or a pretraining. It starts a run, which goes an epoch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import torch

from trainables.base.atomic import rename, save_state
from trainables.data.loader import LoaderPool
from trainables.model.inits import Pretraining
from trainables.training.build import build_trial_session, open_data
from trainables.training.checkpoints import BEST_WEIGHTS, Checkpoints, History, Restorable, draft_file
from trainables.training.config import TrainConfig
from trainables.training.pretraining import Pretrainer, keep_pretraining, start_pretraining
from trainables.training.session import Session
from trainables.training.trainer import Draft


class Report(Protocol):
    """What an epoch came to."""

    def metrics(self) -> dict[str, float]:
        """Return every number by name."""


class Run(Restorable, Protocol):
    """Something in training; `epoch` is the number of epochs completed."""

    def run_epoch(self, draft: Draft | None = None) -> Report:
        """Train one epoch. Raises `Diverged`.

        A run that validates hands `draft` the weights that may be the best after it; others have none.
        """


RunT = TypeVar("RunT", bound=Run)


class Job(Protocol[RunT]):
    """What is to run: `epochs` long, with its checkpoints in `folder`, on its share of a machine."""

    @property
    def folder(self) -> Path:
        """The folder of its checkpoints and of what comes of it."""

    @property
    def epochs(self) -> int:
        """How long it trains."""

    @property
    def cpus(self) -> int:
        """Threads it may use."""

    @property
    def gpus(self) -> float:
        """Its share of a GPU, or how many."""

    def start(self, device: torch.device, pool: LoaderPool) -> RunT:
        """Return the run at its beginning; its pipelines stay in `pool` for the next."""

    def finish(self, run: RunT, history: History) -> None:
        """Write down what came of it after the last epoch."""


@dataclass(frozen=True)
class TrialJob:
    """A trial; `trunk` is the file of its initial weights, None for random ones."""

    number: int
    config: TrainConfig
    trunk: Path | None
    folder: Path
    datasets: Path
    cpus: int
    gpus: float

    @property
    def epochs(self) -> int:
        """How long it trains."""
        return self.config.epochs

    def start(self, device: torch.device, pool: LoaderPool) -> Session:
        """Return the trial's session, over its data. Raises `InputError` where either is at fault."""
        data = open_data(self.config, self.datasets)
        return build_trial_session(
            self.config, data, device=device, threads=self.cpus, pool=pool, trunk=self.trunk
        )

    def finish(self, run: Session, history: History) -> None:
        """Write the weights after the best epoch, unless they are there as a draft."""
        draft, best = draft_file(self.folder, run.best_epoch), self.folder / BEST_WEIGHTS
        if draft.is_file():
            rename(draft, best)
        else:
            save_state(run.best_weights(), best)


@dataclass(frozen=True)
class PretrainingJob:
    """A pretraining that trials wait for."""

    pretraining: Pretraining
    folder: Path
    datasets: Path
    cpus: int
    gpus: float

    @property
    def epochs(self) -> int:
        """How long it trains."""
        return self.pretraining.epochs

    def start(self, device: torch.device, pool: LoaderPool) -> Pretrainer:
        """Return the pretraining at its beginning. Raises `InputError` where its data is at fault."""
        return start_pretraining(self.pretraining, self.datasets, device=device, threads=self.cpus, pool=pool)

    def finish(self, run: Pretrainer, history: History) -> None:
        """Write the trunk."""
        keep_pretraining(self.pretraining, run, history, self.folder)


def run_here(job: Job[RunT], device: torch.device, pool: LoaderPool) -> Iterator[dict[str, float]]:
    """Run a job in this process, from its newest checkpoint on; yield the metrics of each epoch.

    Raises `Diverged`, and `InputError` where the job's data is at fault.
    """
    run = job.start(device, pool)
    checkpoints = Checkpoints(job.folder)
    history, _ = checkpoints.restore(run)
    try:
        while run.epoch < job.epochs:
            history.append(run.run_epoch().metrics())
            checkpoints.save(run, history)
            yield history[-1]
            checkpoints.copied()
    finally:  # also where a person stops it
        checkpoints.flush()
    job.finish(run, history)
    checkpoints.clear()
