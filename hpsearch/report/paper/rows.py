"""The paper's tables, and which of their rows an arm of a study repeats.

A row is repeated by an arm of the same method: task, grid, flag, heads, augmentation, initial weights, bins,
number of subjects and weight of the self-supervised loss. The data may differ: on other data than the
paper's its orderings can be tested, its degrees not.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpsearch.results.arms import Arm
from hpsearch.study.records import TrialRecord
from trainables.base.schema import variant_of
from trainables.data.augmentation import Magnitudes
from trainables.model.heads import BinsConfig
from trainables.model.inits import SslConfig
from trainables.pretext import NoPretextConfig
from trainables.pretext.tile_config import TileConfig
from trainables.training.config import TrainConfig

FOLDER = Path(__file__).parent

LOW_DATA = "low_data_heavy"
"""The level of table 5, the one table that counts subjects."""

LEVELS = {
    frozenset(): "none",
    frozenset({"zoom", "hue_deg"}): "zoom+hue",
    frozenset({"zoom", "contrast"}): "1",
    frozenset({"zoom", "contrast", "blur_sigma_px", "downscale_factors", "cutout"}): "2",
    frozenset({"zoom", "noise", "cutout", "hue_deg", "brightness", "contrast"}): LOW_DATA,
}
"""The changes that are on -> what the tables call the level."""

RENDERED_PEOPLE = 5
"""People in the place of one subject: made-up ones have a few hundred pictures each where real ones have ten
thousand, and one alone teaches hardly more than the mean pose."""

HOMES = {"ETH-XGaze": "eth-xgaze", "AFLW2000": "300w-lp", "BIWI": "300w-lp"}
"""What a table was measured on -> the prepared dataset that its networks learn from."""

TESTS = {"AFLW2000": "aflw2000", "BIWI": "biwi"}
"""What a table was measured on -> the prepared dataset that holds it, where it is a test set."""

VALIDATION = "validation"
ANGLES = ("yaw", "pitch", "roll")
BINS_WEIGHT, REGRESSION_WEIGHT = 50.0, 1.0
"""Weights of the self-supervised loss. [paper 4.2; 4.1 and 5.2 have none]"""


@dataclass(frozen=True)
class Method:
    """What makes two arms the same arm to the paper; None where a value does not apply."""

    task: str
    grid: int | None
    flag: int | None
    heads: bool | None
    ssl_weight: float | None
    augmentation: str
    init: str
    subjects: int | None
    bin_deg: int | None


@dataclass(frozen=True)
class PaperRow:
    """One row of a table: the method, what it was measured on, and the errors in degrees (None: no such)."""

    table: int
    row: int
    method: Method
    dataset: str
    reduced: bool
    errors_deg: Mapping[str, float | None]
    average_deg: float
    note: str

    @property
    def key(self) -> str:
        """The row's name, `table.row`."""
        return f"{self.table}.{self.row}"

    def has_baseline(self, other: PaperRow) -> bool:
        """Say whether `other` is supervised learning alone under the conditions of this row."""
        mine, theirs = self.method, other.method
        same = (mine.augmentation, mine.subjects) == (theirs.augmentation, theirs.subjects)
        alone = theirs.task == "none" and theirs.init == "random" and other is not self
        return alone and same and self.reduced == other.reduced

    @property
    def title(self) -> str:
        """The method as the table words it."""
        method, parts = self.method, ["SL"]
        if method.task != "none":
            parts = [f"HMTL {method.task.replace('_', '-')} {method.grid}×{method.grid}"]
            parts += [f"flag {method.flag}"] if method.heads and self.table == 1 else []
            parts += [] if method.heads else ["w/o SSHs"]
        if self.table == 2:
            parts.append(f"aug {method.augmentation}")
        if method.init != "random":
            parts.append(f"+ {method.init.replace('ssl', 'SSL').replace('x', '×')}")
        if self.table == 5:
            parts.append(f"{method.subjects} subject{'s' if method.subjects != 1 else ''}")
        if self.table == 2 and method.bin_deg == 1:
            parts.append("1° bins")
        return " ".join(parts) + (" *" if self.reduced and self.table == 2 else "")


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper, the rows of it that a study repeats, and by which arm."""

    number: int
    rows: tuple[tuple[PaperRow, Arm], ...]
    own_data: bool
    """Whether the study learned from the paper's dataset."""

    @property
    def measured_on(self) -> str:
        """What the paper measured it on."""
        return self.rows[0][0].dataset


def paper_rows() -> tuple[PaperRow, ...]:
    """Return every own row of the paper's tables, each once."""
    rows: dict[tuple[Any, ...], PaperRow] = {}
    with (FOLDER / "all_tables.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["kind"] == "paper":
                row = _row(line)
                rows.setdefault((row.table, row.method, row.reduced), row)
    return tuple(rows.values())


def method_of(config: TrainConfig) -> Method | None:
    """Return what a config is to the paper, None where it has no such method."""
    level, init = _level(config), _init(config)
    if level is None or init is None:
        return None
    bins = config.head.bin_deg if isinstance(config.head, BinsConfig) else None
    if isinstance(config.pretext, NoPretextConfig):
        task, grid, flag, heads, weight = "none", None, None, None, None
    elif isinstance(config.pretext, TileConfig):
        pretext = config.pretext
        task, grid, heads = _variant(config, "pretext"), pretext.grid, pretext.heads
        flag, weight = (pretext.flag, pretext.ssl_weight) if heads else (None, None)
    else:
        return None
    subjects = _subjects(config) if level == LOW_DATA else None
    return Method(task, grid, flag, heads, weight, level, init, subjects, bins)


def tables_of(arms: Sequence[Arm]) -> tuple[PaperTable, ...]:
    """Return the tables that a study repeats two or more rows of, as it has finished arms of them.

    A table whose arms all stand in another one too, which has more of them, is left out.
    """
    by_method: dict[Method, Arm] = {}
    for arm in sorted(arms, key=lambda arm: (-len(arm.values), arm.trials[0].number)):
        method = method_of(arm.config) if arm.values else None
        if method is not None:
            by_method.setdefault(method, arm)
    tables: dict[int, list[tuple[PaperRow, Arm]]] = {}
    own = {arm.config.data.train.dataset for arm in arms}
    at_home = bool(own & set(HOMES.values()))
    for row in paper_rows():
        found = by_method.get(row.method)
        if found is None or (at_home and HOMES[row.dataset] not in own):
            continue
        if errors_by_seed(row, found, at_home):
            tables.setdefault(row.table, []).append((row, found))
    covered = {number: {row.method for row, _ in rows} for number, rows in tables.items()}
    kept = {n: rows for n, rows in tables.items() if len(covered[n]) > 1 and not _part_of_another(n, covered)}
    return tuple(PaperTable(number, tuple(rows), at_home) for number, rows in kept.items())


def errors_of(row: PaperRow, trial: TrialRecord, own_data: bool) -> dict[str, float]:
    """Return a trial's errors to hold beside a row: `average`, `yaw`, ... as far as they were measured."""
    prefix = prefix_of(row, trial.config, own_data)
    last = trial.epochs[-1] if trial.epochs else {}
    source = last if prefix == VALIDATION else trial.test
    names = {"average": f"{prefix}/mae_deg"} | {angle: f"{prefix}/{angle}_mae_deg" for angle in ANGLES}
    return {angle: source[name] for angle, name in names.items() if name in source}


def prefix_of(row: PaperRow, config: TrainConfig, own_data: bool) -> str | None:
    """Return what the metrics to hold beside a row begin with; None where its test set is not measured."""
    if not own_data or row.dataset not in TESTS:
        return VALIDATION
    split = {"AFLW2000": "reduced" if row.reduced else "full", "BIWI": "test"}[row.dataset]
    found = (test for test in config.data.test if (test.dataset, test.split) == (TESTS[row.dataset], split))
    return next((f"test/{test.name}" for test in found), None)


def _part_of_another(number: int, covered: Mapping[int, set[Method]]) -> bool:
    mine = covered[number]
    return any(
        mine < theirs or (mine == theirs and other < number)
        for other, theirs in covered.items()
        if other != number
    )


def _row(line: Mapping[str, str]) -> PaperRow:
    task = line["task"].replace("-", "_")
    bins = int(line["bin_deg"]) if line["bin_deg"] else None
    heads = None if task == "none" else "w/o" not in line["method"]
    weight = (REGRESSION_WEIGHT if bins is None else BINS_WEIGHT) if heads else None
    return PaperRow(
        table=int(line["table"]),
        row=int(line["row"]),
        method=Method(
            task=task,
            grid=int(line["grid"][0]) if line["grid"] else None,
            flag=int(line["flag"]) if heads else None,
            heads=heads,
            ssl_weight=weight,
            augmentation=line["aug"],
            init=line["pretrain"].partition("(")[0].removeprefix("ethxgaze_").replace("_", " "),
            subjects=int(line["subjects"]) if line["aug"] == LOW_DATA else None,
            bin_deg=bins,
        ),
        dataset=line["dataset"].partition("(")[0],
        reduced=line["reduced"].startswith("1"),
        errors_deg={angle: float(line[angle]) if line[angle] else None for angle in ANGLES},
        average_deg=float(line["average"]),
        note=line["note"],
    )


def _level(config: TrainConfig) -> str | None:
    if not isinstance(config.augmentation, Magnitudes):
        return LEVELS[frozenset()]
    off = Magnitudes()
    return LEVELS.get(frozenset(name for name, value in config.augmentation if value != getattr(off, name)))


def _init(config: TrainConfig) -> str | None:
    name = _variant(config, "init")
    if not isinstance(config.init, SslConfig):
        return name if name in ("random", "imagenet") else None
    task = config.init.pretext
    if not isinstance(task, TileConfig):
        return None
    return f"ssl {_variant(config.init, 'pretext')} {task.grid}x{task.grid}"


def _subjects(config: TrainConfig) -> int | None:
    """Return how many subjects a config names, None where it names none, or not a whole number of them."""
    train = config.data.train
    people = 1 if isinstance(train.dataset, str) else RENDERED_PEOPLE
    count, rest = divmod(len(train.subjects), people)
    return None if rest else count or None


def _variant(config: Any, key: str) -> str:
    variant = variant_of(type(config).model_fields[key])
    assert variant is not None  # noqa: S101  ours: these keys are variants
    return variant.name_of(getattr(config, key))


def by_key(tables: Sequence[PaperTable]) -> dict[str, tuple[PaperRow, Arm, bool]]:
    """Return every repeated row by its key, with its arm and whether the data is the paper's."""
    return {row.key: (row, arm, table.own_data) for table in tables for row, arm in table.rows}


def errors_by_seed(row: PaperRow, arm: Arm, own_data: bool) -> dict[int, dict[str, float]]:
    """Return the errors of each seed of an arm, to hold beside a row."""
    return dict(_errors_by_seed(row, arm, own_data))


def _errors_by_seed(row: PaperRow, arm: Arm, own_data: bool) -> Iterator[tuple[int, dict[str, float]]]:
    for seed, trial in arm.finished.items():
        errors = errors_of(row, trial, own_data)
        if "average" in errors:
            yield seed, errors
