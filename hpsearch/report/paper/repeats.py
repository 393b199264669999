"""Which rows of the paper's tables the arms of a study repeat.

An arm repeats a row of the same method: task, grid, flag, heads, augmentation, initial weights, bins, number
of subjects and weight of the self-supervised loss. Its data may differ: then only the order of errors can be
compared with the paper's, not the degrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpsearch.report.paper.rows import AVERAGE, LOW_DATA, METRICS, Method, PaperRow, paper_rows
from hpsearch.results.arms import Arm
from hpsearch.results.effort import images_seen
from hpsearch.study.records import TrialRecord
from trainables.base.schema import variant_of
from trainables.target import TARGETS
from trainables.training.config import TrainConfig
from trainables.training.metric_names import VALIDATION, group_of_test

LEVELS = {
    frozenset(): "none",
    frozenset({"zoom", "hue_deg"}): "zoom+hue",
    frozenset({"zoom", "contrast"}): "1",
    frozenset({"zoom", "contrast", "blur_sigma_px", "downscale_factors", "cutout"}): "2",
    frozenset({"zoom", "noise", "cutout", "hue_deg", "brightness", "contrast"}): LOW_DATA,
}
"""The changes that are on -> the name of the level in the paper's tables."""

TARGET = TARGETS["head_pose"]()
"""What the paper's networks learn."""

RENDERED_PEOPLE = 5
"""Rendered people that stand for one subject of the paper: each has a few hundred images where a real one has
ten thousand, and a network that learns from one of them is hardly better than the training mean."""

LEAST_SHARE = 0.1
"""Share of the paper's training images below which a claim is not tested at this size."""

HOMES = {"ETH-XGaze": "eth-xgaze", "AFLW2000": "300w-lp", "BIWI": "300w-lp"}
"""What a table was measured on -> the prepared dataset that its networks learn from."""

TESTS = {"AFLW2000": "aflw2000", "BIWI": "biwi"}
"""What a table was measured on -> the prepared dataset that holds it, where it is a test set."""


@dataclass(frozen=True)
class Repeat:
    """A row of the paper and the arm of the study that repeats it."""

    row: PaperRow
    arm: Arm
    own_data: bool
    """Whether the study learned from the paper's dataset."""

    @property
    def group(self) -> str | None:
        """The group of metrics that the row is compared with; None where its test set was not measured."""
        if not self.own_data or self.row.dataset not in TESTS:
            return VALIDATION
        split = {"AFLW2000": "reduced" if self.row.reduced else "full", "BIWI": "test"}[self.row.dataset]
        wanted = (TESTS[self.row.dataset], split)
        tests = (test for test in self.arm.config.data.test if (test.dataset, test.split) == wanted)
        return next((group_of_test(test.name) for test in tests), None)

    def errors_by_seed(self) -> dict[int, dict[str, float]]:
        """Return the errors of each seed, degrees: `average`, and each angle that was measured."""
        group = self.group
        if group is None:
            return {}
        names = {column: metric.within(group).name for column, metric in METRICS.items()}
        measured = {
            seed: _last_epoch(trial) if group == VALIDATION else trial.test
            for seed, trial in self.arm.finished.items()
        }
        return {
            seed: {column: metrics[name] for column, name in names.items() if name in metrics}
            for seed, metrics in measured.items()
            if names[AVERAGE] in metrics
        }

    @property
    def images_seen(self) -> int | None:
        """Training images of the arm's shortest finished trial, repetitions counted; None: not known."""
        found = [images_seen(trial) for trial in self.arm.finished.values()]
        known = [images for images in found if images is not None]
        return min(known) if known and len(known) == len(found) else None

    @property
    def too_small(self) -> bool:
        """Whether the arm saw so few training images that it says nothing about the paper's network."""
        seen = self.images_seen
        return seen is not None and seen < LEAST_SHARE * self.row.images_seen


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper, as far as a study repeats it."""

    number: int
    repeats: tuple[Repeat, ...]

    @property
    def own_data(self) -> bool:
        """Whether the study learned from the paper's dataset."""
        return self.repeats[0].own_data

    @property
    def measured_on(self) -> str:
        """The dataset that the paper measured it on."""
        return self.repeats[0].row.dataset


def tables_of(arms: Sequence[Arm]) -> tuple[PaperTable, ...]:
    """Return the tables that a study repeats two or more rows of.

    A table whose rows are all repeated in another table too, which has more of them, is left out.
    """
    by_method: dict[Method, Arm] = {}
    for arm in sorted(arms, key=lambda arm: (-len(arm.values), arm.trials[0].number)):
        method = method_of(arm.config) if arm.values else None
        if method is not None:
            by_method.setdefault(method, arm)
    datasets = {arm.config.data.train.dataset for arm in arms}
    own_data = bool(datasets & set(HOMES.values()))
    tables: dict[int, list[Repeat]] = {}
    for row in paper_rows():
        found = by_method.get(row.method)
        if found is None or (own_data and HOMES[row.dataset] not in datasets):
            continue
        repeat = Repeat(row, found, own_data)
        if repeat.errors_by_seed():
            tables.setdefault(row.table, []).append(repeat)
    methods = {number: {repeat.row.method for repeat in repeats} for number, repeats in tables.items()}
    return tuple(
        PaperTable(number, tuple(repeats))
        for number, repeats in tables.items()
        if len(methods[number]) > 1 and not _part_of_another(number, methods)
    )


def by_key(tables: Sequence[PaperTable]) -> dict[str, Repeat]:
    """Return every repeated row by its key."""
    return {repeat.row.key: repeat for table in tables for repeat in table.repeats}


def method_of(config: TrainConfig) -> Method | None:
    """Return the paper's method that a config follows, None where the paper has no such method."""
    if config.target != TARGET:
        return None
    level, init = LEVELS.get(config.augmentation.changes), _init(config)
    if level is None or init is None or config.data.train.labels < 1 or config.unlabelled_share:
        return None
    bins = _setting(config.head, "bin_deg")
    pretext, grid = config.pretext, _setting(config.pretext, "grid")
    flag, heads, weight = None, None, None
    if not pretext.is_baseline:
        if grid is None:
            return None
        attachment = pretext.attachment()
        heads = attachment is not None
        if attachment is not None:
            flag, weight = attachment.flag, _setting(pretext, "ssl_weight")
    task = _variant(config, "pretext")
    subjects = _subjects(config) if level == LOW_DATA else None
    return Method(task, grid, flag, heads, weight, level, init, subjects, bins)


def _part_of_another(number: int, methods: Mapping[int, set[Method]]) -> bool:
    mine = methods[number]
    return any(
        mine < theirs or (mine == theirs and other < number)
        for other, theirs in methods.items()
        if other != number
    )


def _last_epoch(trial: TrialRecord) -> Mapping[str, float]:
    return trial.epochs[-1] if trial.epochs else {}


def _init(config: TrainConfig) -> str | None:
    name, pretraining = _variant(config, "init"), config.init.pretraining
    if pretraining is None:
        return name if name in ("random", "imagenet") else None
    grid = _setting(pretraining.pretext, "grid")
    return None if grid is None else f"ssl {_variant(pretraining, 'pretext')} {grid}x{grid}"


def _subjects(config: TrainConfig) -> int | None:
    """Return how many subjects a config names, None where it names none, or not a whole number of them."""
    train = config.data.train
    people = 1 if isinstance(train.dataset, str) else RENDERED_PEOPLE
    count, rest = divmod(len(train.subjects), people)
    return None if rest else count or None


def _setting(variant: object, key: str) -> Any:
    """Return a setting of a variant by its key, None where this variant has no such key."""
    return getattr(variant, key, None)


def _variant(config: Any, key: str) -> str:
    variant = variant_of(type(config).model_fields[key])
    assert variant is not None  # noqa: S101  ours: these keys are variants
    return variant.name_of(getattr(config, key))
