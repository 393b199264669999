"""The paper's tables: what each row measured, and the errors it prints."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.target import TARGETS
from trainables.target.metric import Metric

FOLDER = Path(__file__).parent

TARGET = TARGETS["head_pose"]()
"""What the paper's networks learn."""

LABELS = tuple(label.name for label in TARGET.labels)
"""The columns of errors by label."""

AVERAGE = "average"
"""The column of the mean over the labels."""

METRICS: dict[str, Metric] = {AVERAGE: TARGET.metrics[0]} | {
    metric.label: metric for metric in TARGET.metrics if metric.label is not None
}
"""The metric of each column of errors, without its group."""

LOW_DATA = "low_data_heavy"
"""The augmentation level of table 5, the one table that counts subjects."""

BINS_WEIGHT, REGRESSION_WEIGHT = 50.0, 1.0
"""Weights of the self-supervised loss. [paper 4.2; 4.1 and 5.2 have none]"""


EPOCHS = 110
"""Epochs of every network of the paper. [paper 4.1, 4.2; 5.2 names none]"""

IMAGES_PER_SUBJECT = 10_000
"""Of ETH-XGaze, about. [paper 4.1]"""

W300LP_IMAGES = 122_450
"""Images of 300W-LP, on which the networks of tables 2 to 4 were trained."""


@dataclass(frozen=True)
class Method:
    """The values that distinguish the paper's methods; None where one does not apply."""

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
    """One row of a table: the method, the dataset it was measured on, and its errors in degrees.

    An angle that the table does not have is None.
    """

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

    @property
    def images_seen(self) -> int:
        """About how many training images the paper's network saw, repetitions counted."""
        if self.dataset != "ETH-XGaze":
            return EPOCHS * W300LP_IMAGES
        return EPOCHS * IMAGES_PER_SUBJECT * (self.method.subjects or 1)

    def has_baseline(self, other: PaperRow) -> bool:
        """Return whether `other` is supervised learning alone under the conditions of this row."""
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


def paper_rows() -> tuple[PaperRow, ...]:
    """Return every own row of the paper's tables, each once."""
    rows: dict[tuple[Any, ...], PaperRow] = {}
    with (FOLDER / "all_tables.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            if line["kind"] == "paper":
                row = _row(line)
                rows.setdefault((row.table, row.method, row.reduced), row)
    return tuple(rows.values())


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
        errors_deg={angle: float(line[angle]) if line[angle] else None for angle in LABELS},
        average_deg=float(line["average"]),
        note=line["note"],
    )
