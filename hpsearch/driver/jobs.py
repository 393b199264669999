"""Builds the jobs that workers are sent, each with its share of CPUs and GPUs and where its datasets are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hpsearch.study.asking import Ask
from hpsearch.study.records import TrialRecord
from hpsearch.work.resources import TrialResources
from trainables.model.inits import Pretraining
from trainables.training.checkpoints import BEST_WEIGHTS
from trainables.training.jobs import FinalTestJob, PretrainingJob, TrialJob
from trainables.training.metric_names import BEST_EPOCH


@dataclass(frozen=True)
class JobFactory:
    """`datasets` is the folder of all prepared datasets."""

    datasets: Path
    resources: TrialResources

    def trial(
        self,
        ask: Ask,
        trunk: Path | None,
        folder: Path,
        may_freeze_after: tuple[int, ...] = (),
        left: int | None = None,
    ) -> TrialJob:
        """Return the training of a trial, which may be frozen after the epochs in `may_freeze_after`.

        `trunk` is the file of its initial weights, None: random ones. `left` is how many trials are
        still to run, this one included; None: enough for all workers.
        """
        share = self.resources.of(ask.config, left)
        return TrialJob(
            number=ask.number,
            config=ask.config,
            trunk=trunk,
            folder=folder,
            datasets=self.datasets,
            cpus=share.cpus,
            gpus=share.gpus,
            may_freeze_after=may_freeze_after,
        )

    def pretraining(self, wanted: Pretraining, folder: Path) -> PretrainingJob:
        """Return a pretraining that writes its trunk to `folder`."""
        return PretrainingJob(wanted, folder, self.datasets, self.resources.cpus, self.resources.gpus)

    def final_test(self, trial: TrialRecord) -> FinalTestJob:
        """Return the measurement of a finished trial on its test sets."""
        share = self.resources.of(trial.config)
        return FinalTestJob(
            number=trial.number,
            config=trial.config,
            weights=trial.folder / BEST_WEIGHTS,
            datasets=self.datasets,
            cpus=share.cpus,
            gpus=share.gpus,
            epoch=int(trial.epochs[-1][BEST_EPOCH]),
        )
