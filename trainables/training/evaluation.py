"""A finished network on the test sets: measured once, with the weights of its best epoch on validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from trainables.base.atomic import load_state
from trainables.data.batches import BatchSource
from trainables.data.loader import Loader, LoaderPool
from trainables.training.build import build_trial_session, open_data, open_tests
from trainables.training.checkpoints import History
from trainables.training.config import TrainConfig
from trainables.training.metric_names import group_of_test
from trainables.training.session import Session
from trainables.training.trainer import Draft


@dataclass(frozen=True)
class EvaluationReport:
    """The errors on every test set."""

    __test__ = False  # not a test, whatever pytest thinks of its name

    errors: Mapping[str, float]

    def metrics(self) -> dict[str, float]:
        """Return every number by name: `test/NAME/mae_deg` and the like."""
        return dict(self.errors)


class EvaluationRun:
    """One measurement, as a run of a single epoch; see `trainables.training.jobs.Run`."""

    __test__ = False

    def __init__(self, session: Session, sources: Mapping[str, BatchSource]) -> None:
        self.epoch = 0
        self._session = session
        self._sources = sources

    def run_epoch(self, draft: Draft | None = None) -> EvaluationReport:
        """Measure every test set; nothing is trained."""
        errors: dict[str, float] = {}
        for name, source in self._sources.items():
            errors |= self._session.evaluate(source).metrics(group_of_test(name))
        self.epoch = 1
        return EvaluationReport(errors)

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: it is over in one go."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take up nothing."""


@dataclass(frozen=True)
class EvaluationJob:
    """Measures the network with the weights in the file `weights`; see `trainables.training.jobs.Job`."""

    __test__ = False

    number: int
    config: TrainConfig
    weights: Path
    datasets: Path
    cpus: int
    gpus: float

    @property
    def folder(self) -> Path:
        """A folder of its own, without checkpoints."""
        return self.weights.parent / "test"

    @property
    def epochs(self) -> int:
        """One: every image is seen once."""
        return 1

    def start(self, device: torch.device, pool: LoaderPool) -> EvaluationRun:
        """Return the measurement. Raises `InputError` where data or weights are at fault."""
        data = open_data(self.config, self.datasets)
        session = build_trial_session(self.config, data, device=device, threads=self.cpus, pool=pool)
        session.network.supervised().load_state_dict(load_state(self.weights))
        sources = {
            name: Loader(
                samples,
                image_px=self.config.data.image_px,
                batch=self.config.data.batch,
                augmentation=None,
                shuffle=False,
                device=device,
                threads=self.cpus,
                pool=pool,
            )
            for name, samples in open_tests(self.config, self.datasets).items()
        }
        return EvaluationRun(session, sources)

    def finish(self, run: EvaluationRun, history: History) -> None:
        """Write nothing: the study records it."""
