"""The sets that a trial reads: built where they can be, opened and checked. Importing this loads no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from trainables.base.errors import Fault, InputError
from trainables.data.datasets import ensure_dataset, open_dataset
from trainables.data.datasets.prepared import PreparedDataset, Samples
from trainables.target import Label
from trainables.training.config import TrainConfig
from trainables.training.data_faults import convention_faults, label_faults, turn_faults
from trainables.training.people import people_faults, seen_of
from trainables.training.train_images import few_faults, open_train

Progress = Callable[[int, int], None]
"""Called with images done and images in all while a dataset is built."""


@dataclass(frozen=True)
class TrainingData:
    """The sets a trial reads, all from prepared datasets; those of `unlabelled` are the helper's alone.

    `unlabelled_dataset` is what `data.unlabelled` names; None where they are of the training set.
    """

    train: Samples
    validation: Samples
    train_dataset: PreparedDataset
    validation_dataset: PreparedDataset
    unlabelled: Samples | None = None
    unlabelled_dataset: PreparedDataset | None = None

    def few(self, batches: int, config: TrainConfig, validation: int) -> TrainingData:
        """Return the first images of each set, for an epoch of so many batches, to try a training with."""
        beside = batches * config.data.unlabelled.per_step(config.data.batch)
        return replace(
            self,
            train=self.train.first(batches * config.data.batch),
            validation=self.validation.first(validation),
            unlabelled=None if self.unlabelled is None else self.unlabelled.first(beside),
        )


def ensure_data(config: TrainConfig, datasets_root: Path, progress: Progress) -> TrainingData:
    """Build the datasets of `config` that can be built and are not there yet, then open the data."""
    for ref in config.datasets:
        ensure_dataset(ref, datasets_root, progress)
    open_tests(config, datasets_root)
    return open_data(config, datasets_root)


def open_data(config: TrainConfig, datasets_root: Path) -> TrainingData:
    """Open training and validation images.

    Raises `InputError` with every fault: a dataset, split or subject that is not there, people who are in
    both, labels that differ between the two, labels that are NaN or out of range, images to be turned whose
    labels would be unknown, a head that cannot learn from these labels, too few images without labels.
    """
    images = open_train(config, datasets_root)
    train_dataset, train = images.dataset, images.labelled
    validation_dataset = open_dataset(config.validation_dataset, datasets_root)
    source = config.data.validation
    validation = validation_dataset.samples(source.split, source.subjects, config.target)
    faults = [*label_faults(train_dataset, train), *label_faults(validation_dataset, validation)]
    faults += convention_faults(train_dataset, validation_dataset, "data.validation")
    for dataset, seen in images.seen:
        faults += people_faults(dataset, seen, validation_dataset, validation, "data.validation")
    faults += few_faults(config, images)
    faults += turn_faults(config, train)
    if reason := config.head.incompatibility(labels_of(train)):
        faults.append(Fault(reason, "head"))
    if missing := set(train.label_names) - set(validation.label_names):
        faults.append(Fault(f"the validation set has no {', '.join(sorted(missing))}", "data.validation"))
    if faults:
        raise InputError(list(dict.fromkeys(faults)))  # people may be in two selections that are learned from
    return TrainingData(
        train,
        validation,
        train_dataset,
        validation_dataset,
        images.unlabelled,
        images.unlabelled_dataset,
    )


def open_tests(config: TrainConfig, datasets_root: Path) -> dict[str, Samples]:
    """Open the test sets by name. Labels may be out of range: full AFLW2000's are.

    Raises `InputError` for a dataset, split or subject that is not there, for people whom the search has
    seen, and for labels that mean something else than those of the training set.
    """
    train = open_dataset(config.data.train.dataset, datasets_root)
    tests = {test.name: open_dataset(test.dataset, datasets_root) for test in config.data.test}
    faults = [
        fault
        for name, dataset in tests.items()
        for fault in convention_faults(train, dataset, f"data.test, {name}")
    ]
    if faults:
        raise InputError(faults)
    samples = {
        test.name: tests[test.name].samples(test.split, test.subjects, config.target)
        for test in config.data.test
    }
    if faults := [
        fault
        for test in config.data.test
        for dataset, seen in seen_of(config, test.dataset, datasets_root)
        for fault in people_faults(
            dataset, seen, tests[test.name], samples[test.name], f"data.test, {test.name}"
        )
    ]:
        raise InputError(list(dict.fromkeys(faults)))
    return samples


def labels_of(samples: Samples) -> tuple[Label, ...]:
    """Return the labels that images have."""
    return () if samples.target is None else samples.target.labels
