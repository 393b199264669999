"""The job of a final test: measures a finished network once on every test set of its config."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trainables.base.atomic import load_state
from trainables.data.datasets import open_dataset
from trainables.model.network import build_network
from trainables.training.build import build_loader
from trainables.training.config import TrainConfig
from trainables.training.execution import Execution
from trainables.training.image_errors import PredictedImages, errors_file, write_images
from trainables.training.jobs.job import Result, Worker
from trainables.training.measuring import predict
from trainables.training.metric_names import group_of_test, in_group
from trainables.training.training_data import open_tests


@dataclass(frozen=True)
class FinalTestJob:
    """The evaluation of a trial's network with the weights in the file `weights`, as they were after `epoch`.

    What it predicted of each image is written beside the weights.
    """

    number: int
    config: TrainConfig
    weights: Path
    datasets: Path
    cpus: int
    gpus: float
    epoch: int

    def check(self) -> None:
        """Open the test sets; see `Job.check`."""
        open_tests(self.config, self.datasets)

    def run(self, worker: Worker) -> Iterator[Result]:
        """Measure in one go: the metrics are those of one epoch; see `Job.run`."""
        yield Result(first_epoch=1, history=[self.measure(worker)], notes=[], done=True)

    def measure(self, worker: Worker) -> dict[str, float]:
        """Return the errors on every test set by name. Raises as `Job.run` does."""
        config = self.config
        tests = open_tests(config, self.datasets)
        labels = open_dataset(config.data.train.dataset, self.datasets).labels_of(config.target)
        target = config.target.build(labels)
        network = build_network(
            config.network.backbone,
            config.head,
            [label.name for label in labels],
            dropout=config.network.dropout,
            seed=config.seed,
        )
        network.load_state_dict(load_state(self.weights))
        execution = Execution.of(worker.device, config.precision)
        execution.place_network(network)
        errors: dict[str, float] = {}
        for test in config.data.test:
            samples, group = tests[test.name], group_of_test(test.name)
            loader = build_loader(
                config,
                samples,
                train=False,
                device=worker.device,
                threads=self.cpus,
                pool=worker.pool,
                once=True,
            )
            predictions = predict(network, loader, target, execution)
            folder = open_dataset(test.dataset, self.datasets).folder
            images = PredictedImages.of(samples, folder, predictions, self.epoch)
            write_images(images, errors_file(self.weights.parent, group))
            errors |= in_group(group, predictions.measures())
        return errors

    def clear(self) -> None:
        """Remove nothing: it has no checkpoints."""
