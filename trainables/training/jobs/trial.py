"""The job of a trial: trains a config and leaves its best weights and what its last predict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trainables.base.atomic import rename, save_state
from trainables.training.build import build_trial_session, load_trunk
from trainables.training.checkpoints import BEST_WEIGHTS, Checkpoints, draft_file
from trainables.training.config import TrainConfig
from trainables.training.image_errors import PredictedImages, errors_file, write_images
from trainables.training.jobs.job import CheckpointedRun, Result, Worker
from trainables.training.metric_names import VALIDATION
from trainables.training.metrics import EpochReport
from trainables.training.session import Session
from trainables.training.training_data import TrainingData, open_data


@dataclass(frozen=True)
class TrialJob:
    """A trial; `trunk` is the file of its initial weights, None for random ones.

    After the epochs in `may_freeze_after` it may be frozen, to go on later, here or on another worker.
    """

    number: int
    config: TrainConfig
    trunk: Path | None
    folder: Path
    datasets: Path
    cpus: int
    gpus: float
    may_freeze_after: tuple[int, ...] = ()

    @property
    def epochs(self) -> int:
        """How long it trains."""
        return self.config.epochs

    def check(self) -> None:
        """Open the data and read the initial weights; see `Job.check`."""
        open_data(self.config, self.datasets)
        if self.trunk is not None:
            load_trunk(self.trunk)

    def run(self, worker: Worker) -> Iterator[Result]:
        """Train from the newest checkpoint on; see `Job.run`."""
        data = open_data(self.config, self.datasets)
        notes: list[str] = []
        session = build_trial_session(
            self.config,
            data,
            device=worker.device,
            threads=self.cpus,
            pool=worker.pool,
            trunk=self.trunk,
            say=notes.append,
        )
        checkpoints = Checkpoints(self.folder, worker.writer)
        run = CheckpointedRun(session, checkpoints, notes)
        yield from run.train(lambda: self.run_epoch(session, checkpoints), self.epochs, self.may_freeze_after)
        self.write_predictions(session, data)
        self.write_best(session)
        yield run.result(done=True)

    def run_epoch(self, session: Session, checkpoints: Checkpoints) -> EpochReport:
        """Train and validate an epoch; beside the last one the weights that may be the best are written.

        One of the two files is the trial's result, so that it is there as soon as the last epoch is.
        """
        last = session.epoch + 1 == self.epochs
        if last and session.best_epoch:
            checkpoints.draft(session.best_epoch, session.best_weights())
        training = session.train_epoch()
        if last:
            checkpoints.draft(session.epoch + 1, session.weights())
        return session.validate(training)

    def write_predictions(self, session: Session, data: TrainingData) -> None:
        """Write the poses of the validation images after the last epoch."""
        predictions, folder = session.validation_predictions(), data.validation_dataset.folder
        images = PredictedImages.of(data.validation, folder, predictions, session.epoch)
        write_images(images, errors_file(self.folder, VALIDATION))

    def write_best(self, session: Session) -> None:
        """Write the weights after the best epoch, unless they are there as a draft."""
        draft, best = draft_file(self.folder, session.best_epoch), self.folder / BEST_WEIGHTS
        if draft.is_file():
            rename(draft, best)
        else:
            save_state(session.best_weights(), best)

    def clear(self) -> None:
        """Remove its checkpoints."""
        Checkpoints(self.folder).clear()
