"""What a search needs below the root, looked at before it starts: datasets and initial weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpsearch.space.holes import Params
from hpsearch.study.decoded import DecodedNeed, check_decoded, decoded_need
from hpsearch.study.spec import StudySpec
from trainables.base.errors import Fault, InputError
from trainables.base.schema import KeyPath
from trainables.data.datasets import DatasetRef, dataset_name, open_dataset
from trainables.training.config import TrainConfig

if TYPE_CHECKING:
    from trainables.data.datasets.prepared import PreparedDataset

THERE = "there"


@dataclass(frozen=True)
class Need:
    """One dataset: its images (None: not known), and what is with it."""

    name: str
    images: int | None
    state: str
    odd: tuple[str, ...] = ()
    """What the last `hpsearch data check` found."""


@dataclass(frozen=True)
class Needs:
    """Every dataset of a search, and every fault of datasets and initial weights that a launch refuses."""

    datasets: tuple[Need, ...]
    faults: tuple[Fault, ...]
    decoded: DecodedNeed


def needs_of(spec: StudySpec, datasets: Path) -> Needs:
    """Look at what the designs of a space need; nothing is built, fetched or written.

    A dataset that is rendered on first use has no fault yet, nor has what depends on it.
    """
    needs: dict[DatasetRef, Need] = {}
    faults: dict[Fault, None] = {}
    for params, config in _distinct(spec):
        for path, ref in config.dataset_paths.items():
            need, missing = _need(ref, datasets)
            needs.setdefault(ref, need)
            faults |= dict.fromkeys(_located(spec, params, fault, path) for fault in missing)
        there = {ref for ref, need in needs.items() if need.state == THERE}
        wrong = _faults_of(spec, config, datasets, there)
        faults |= dict.fromkeys(_located(spec, params, fault) for fault in wrong)
    decoded = decoded_need((config for _, config in _distinct(spec)), datasets)
    return Needs(tuple(needs.values()), tuple(faults), decoded)


def _distinct(spec: StudySpec) -> Sequence[tuple[Params, TrainConfig]]:
    """Return one design for each combination of what data and initial weights depend on."""
    kept: dict[object, tuple[Params, TrainConfig]] = {}
    for params, config in spec.designs:
        key = (config.data, config.head, config.turn_deg > 0, config.init, config.init_request)
        kept.setdefault(key, (params, config))
    return list(kept.values())


def _need(ref: DatasetRef, datasets: Path) -> tuple[Need, Sequence[Fault]]:
    name = dataset_name(ref)
    try:
        dataset = open_dataset(ref, datasets)
        return Need(name, dataset.card.images, THERE, _odd(dataset)), ()
    except InputError as error:
        if isinstance(ref, str):
            return Need(name, None, "missing"), error.faults
        return Need(name, ref.images, "rendered on first use"), ()


def _odd(dataset: PreparedDataset) -> tuple[str, ...]:
    from trainables.data.datasets.last_check import remembered  # loads pandas

    return remembered(dataset)


def _faults_of(
    spec: StudySpec, config: TrainConfig, datasets: Path, there: Set[DatasetRef]
) -> Iterator[Fault]:
    """Yield what is wrong with the data and the initial weights of a config, as far as they are `there`."""
    train, judge = config.data.train.dataset, config.validation_dataset
    tests = [test.dataset for test in config.data.test]
    looks: tuple[tuple[Sequence[DatasetRef], Callable[[], object]], ...] = (
        ((train, judge), lambda: _check_data(spec, config, datasets)),
        ((train, judge), lambda: check_decoded(config, datasets)),
        ((train, *tests), lambda: _check_tests(config, datasets)),
        (_pretrained_on(config), lambda: config.init.check(config.init_request, datasets=datasets)),
    )
    for refs, look in looks:
        try:
            if there >= {*refs}:
                look()
        except InputError as error:
            yield from error.faults


def _pretrained_on(config: TrainConfig) -> list[DatasetRef]:
    pretraining = config.init.pretraining
    return [] if pretraining is None else [pretraining.images(config.data.train).dataset]


def _check_data(spec: StudySpec, config: TrainConfig, datasets: Path) -> None:
    from hpsearch.study.provenance import gather_provenance
    from trainables.training.training_data import open_data

    gather_provenance(spec, open_data(config, datasets))


def _check_tests(config: TrainConfig, datasets: Path) -> None:
    from trainables.training.training_data import open_tests

    open_tests(config, datasets)


def _located(spec: StudySpec, params: Params, fault: Fault, path: KeyPath | None = None) -> Fault:
    """Return a fault of a design with its place in the space's file, unless it is one of another file."""
    if fault.file:
        return fault
    path = path or tuple(fault.where.split("."))
    line = spec.document.line(spec.space.origin(path, params))
    return replace(fault, where=".".join(map(str, path)), file=spec.document.file, line=line)


def images_of(config: TrainConfig, datasets: Path) -> tuple[int, int] | None:
    """Return how many images a config trains and validates on; None where that is not known yet."""
    from trainables.training.training_data import open_data

    try:
        data = open_data(config, datasets)
    except InputError:
        train, judge = config.data.train.dataset, config.validation_dataset
        if isinstance(train, str) or isinstance(judge, str):
            return None
        source, judged = config.data.train, config.data.validation
        labelled = round(source.labels * train.images_of(source.split, source.subjects))
        return labelled, judge.images_of(judged.split, judged.subjects)
    return len(data.train), len(data.validation)
