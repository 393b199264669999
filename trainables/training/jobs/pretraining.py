"""The job of a pretraining: trains a trunk once, whichever study needs it.

The name of its folder follows from everything that shapes the weights (`Pretraining.name`):

    ROOT/pretrained/rotation-2x2-0123456789ab/
      trunk.pt       the trunk after the last epoch; written last, so that its being there means done
      config.yaml    everything that the key follows from
      history.json   the metrics of every epoch
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainables.base.atomic import in_one_step, save_state, write_text
from trainables.data.datasets import open_dataset
from trainables.data.datasets.prepared import Samples
from trainables.data.loader import Loader
from trainables.model.inits import Pretraining
from trainables.model.inits.request import TRUNK
from trainables.training.checkpoints import Checkpoints, History
from trainables.training.jobs.job import CheckpointedRun, Result, Worker
from trainables.training.pretraining import Pretrainer, build_pretrainer

CONFIG = "config.yaml"
HISTORY = "history.json"
LOCK = "pretraining.lock"
"""Whoever trains it holds this file's lock."""


@dataclass(frozen=True)
class PretrainingJob:
    """A pretraining that trials wait for; `folder` is its own below the store of trunks."""

    pretraining: Pretraining
    folder: Path
    datasets: Path
    cpus: int
    gpus: float

    @property
    def epochs(self) -> int:
        """How long it trains."""
        return self.pretraining.epochs

    def check(self) -> None:
        """Open the images; see `Job.check`."""
        self._samples()

    def run(self, worker: Worker) -> Iterator[Result]:
        """Train from the newest checkpoint on; see `Job.run`."""
        notes: list[str] = []
        trunk = self.build(worker, notes.append)
        run = CheckpointedRun(trunk, Checkpoints(self.folder, worker.writer), notes)
        yield from run.train(trunk.run_epoch, self.epochs)
        self.write(trunk, run.history)
        yield run.result(done=True)

    def build(self, worker: Worker, say: Callable[[str], None]) -> Pretrainer:
        """Build the run over a loader of its images. Raises `InputError` where they are at fault."""
        settings = self.pretraining.settings
        train = Loader(
            self._samples(),
            image_px=self.pretraining.image_px,
            batch=settings.batch,
            augmentation=settings.augmentation.build(),
            shuffle=True,
            device=worker.device,
            threads=self.cpus,
            pool=worker.pool,
            decode="auto",
            say=say,
        )
        return build_pretrainer(self.pretraining, train=train, device=worker.device)

    def write(self, trained: Pretrainer, history: History) -> None:
        """Write config, history and, last, the trunk. Raises `DiskFault` where there is no room."""
        from ruamel.yaml import YAML

        with in_one_step(self.folder / CONFIG, 0) as draft, draft.open("w", encoding="utf-8") as out:
            YAML().dump({"key": self.pretraining.key, **self.pretraining.config}, out)
        write_text(json.dumps(history, indent=1) + "\n", self.folder / HISTORY)
        save_state(trained.trunk(), self.folder / TRUNK)

    def _samples(self) -> Samples:
        source = self.pretraining.source
        return open_dataset(source.dataset, self.datasets).samples(source.split, source.subjects)

    def clear(self) -> None:
        """Remove its checkpoints."""
        Checkpoints(self.folder).clear()
