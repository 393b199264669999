"""The datasets that a search needs: which are there, which are built on first use, which missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainables.base.errors import Fault, InputError
from trainables.data.datasets import dataset_name, open_dataset
from trainables.data.datasets.rendered_heads import RenderedHeads
from trainables.training.build import open_data, open_tests
from trainables.training.config import TrainConfig


@dataclass(frozen=True)
class Need:
    """One dataset: its images (None: not known), and what is with it."""

    name: str
    images: int | None
    state: str


@dataclass(frozen=True)
class DataPlan:
    """Every dataset of a search, and every fault of one: a launch would refuse them."""

    needs: tuple[Need, ...]
    faults: tuple[Fault, ...]


def plan_data(configs: Iterable[TrainConfig], datasets: Path) -> DataPlan:
    """Look at every dataset that one of the configs names; nothing is built."""
    configs = list(configs)
    needs: list[Need] = []
    faults: dict[Fault, None] = {}
    for ref in dict.fromkeys(ref for config in configs for ref in config.datasets):
        name = dataset_name(ref)
        try:
            needs.append(Need(name, open_dataset(ref, datasets).card.images, "there"))
        except InputError as error:
            if isinstance(ref, RenderedHeads):
                needs.append(Need(name, ref.images, "rendered on first use"))
            else:
                needs.append(Need(name, None, "missing"))
                faults |= dict.fromkeys(error.faults)
    there = {need.name for need in needs if need.state == "there"}
    for config in configs:
        if all(dataset_name(ref) in there for ref in config.datasets):
            try:
                open_data(config, datasets)
                open_tests(config, datasets)
            except InputError as error:
                faults |= dict.fromkeys(error.faults)
    return DataPlan(tuple(needs), tuple(faults))


def images_of(config: TrainConfig, datasets: Path) -> tuple[int, int] | None:
    """Return how many images a config trains and validates on; None where that is not known yet."""
    try:
        data = open_data(config, datasets)
    except InputError:
        train, judge = config.data.train.dataset, config.validation_dataset
        if not isinstance(train, RenderedHeads) or not isinstance(judge, RenderedHeads):
            return None
        sources = ((train, config.data.train.split), (judge, config.data.validation.split))
        counts: Sequence[int] = [
            sum(each.images for each in heads.plan() if each.split == split) for heads, split in sources
        ]
        return counts[0], counts[1]
    return len(data.train), len(data.validation)
