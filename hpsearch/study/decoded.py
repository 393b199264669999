"""What the decoded images of a search take of this machine, told before anything is decoded."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trainables.base.disk import existing
from trainables.base.errors import Fault, InputError
from trainables.data.datasets import open_dataset
from trainables.data.datasets.prepared import Samples
from trainables.data.decoded import decoded_bytes, fits, kept_bytes
from trainables.training.config import TrainConfig
from trainables.training.train_images import open_train


@dataclass(frozen=True)
class DecodedNeed:
    """Bytes of decoded images of all designs: kept beside their datasets, or too large for `auto` to keep.

    Of datasets that are not there nothing is known.
    """

    kept: int = 0
    too_large: int = 0


@dataclass(frozen=True)
class _Selection:
    """Images that a design trains or is validated on, and the bytes of them decoded."""

    folder: Path
    digest: str
    decoded: int


def decoded_need(configs: Iterable[TrainConfig], datasets: Path) -> DecodedNeed:
    """Return what decoded images take, each selection of a dataset counted once."""
    kept: dict[_Selection, bool] = {}
    for config in configs:
        if config.data.decode in ("auto", "cache"):
            for each in _selections(config, datasets):
                wanted = config.data.decode == "cache"
                there = each.decoded <= kept_bytes(each.folder)
                kept[each] = kept.get(each, False) or wanted or fits(each.decoded, each.folder, there=there)
    return DecodedNeed(
        kept=sum(each.decoded for each, is_kept in kept.items() if is_kept),
        too_large=sum(each.decoded for each, is_kept in kept.items() if not is_kept),
    )


def check_decoded(config: TrainConfig, datasets: Path) -> None:
    """Refuse `data.decode: cache` where the disk has no room. Raises `InputError`."""
    if config.data.decode != "cache":
        return
    selections = {*_selections(config, datasets)}
    there = sum(kept_bytes(folder) for folder in {each.folder for each in selections})
    needed = sum(each.decoded for each in selections) - there
    free = shutil.disk_usage(existing(datasets)).free
    if needed > free:
        rule = (
            f"decoded images need {needed >> 20} MiB more, and {free >> 20} MiB are free below {datasets}: "
            "make room, or decode in every epoch ('cpu'), as 'auto' does where they do not fit"
        )
        raise InputError(Fault(rule, "data.decode"))


def _selections(config: TrainConfig, datasets: Path) -> Iterator[_Selection]:
    judge, found = config.data.validation, list[Samples | None]()
    with suppress(InputError):  # what is missing is named elsewhere
        images = open_train(config, datasets)
        found += [images.labelled, images.unlabelled if config.unlabelled_share else None]
    with suppress(InputError):
        dataset = open_dataset(config.validation_dataset, datasets)
        found.append(dataset.samples(judge.split, judge.subjects, config.target))
    for samples in found:
        if samples is None or samples.folder is None:
            continue
        if (needed := decoded_bytes(samples)) is not None:
            yield _Selection(samples.folder, samples.digest, needed)
