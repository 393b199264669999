"""The rows of a paper's table beside the errors of the arms that repeat them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.report.paper.repeats import PaperTable, Repeat
from hpsearch.report.paper.rows import AVERAGE, LABELS, PaperRow
from hpsearch.results.statistics import Interval, interval


@dataclass(frozen=True)
class Errors:
    """The errors of one method, degrees."""

    angles_deg: Mapping[str, float | None]
    average_deg: float
    vs_sl: float | None
    """Average / average of supervised learning alone - 1; None where the table has no such row."""


@dataclass(frozen=True)
class SideBySide:
    """One row: the paper's errors, ours as means over the seeds, and the interval of our average."""

    row: PaperRow
    paper: Errors
    ours: Errors
    average: Interval

    @property
    def difference_deg(self) -> float:
        """Our average - the paper's."""
        return self.average.mean - self.row.average_deg


def side_by_side(table: PaperTable) -> tuple[SideBySide, ...]:
    """Return the rows of a table that the study repeats, in the paper's order."""
    ours = [list(repeat.errors_by_seed().values()) for repeat in table.repeats]
    averages = [interval([errors[AVERAGE] for errors in seeds]) for seeds in ours]
    rows = []
    for repeat, seeds, average in zip(table.repeats, ours, averages, strict=True):
        row, baseline = repeat.row, _baseline(repeat, table.repeats)
        paper_base = None if baseline is None else table.repeats[baseline].row.average_deg
        our_base = None if baseline is None else averages[baseline].mean
        means = {angle: _mean([errors[angle] for errors in seeds if angle in errors]) for angle in LABELS}
        rows.append(
            SideBySide(
                row,
                Errors(row.errors_deg, row.average_deg, _relative(row.average_deg, paper_base)),
                Errors(means, average.mean, _relative(average.mean, our_base)),
                average,
            )
        )
    return tuple(rows)


def _baseline(repeat: Repeat, repeats: Sequence[Repeat]) -> int | None:
    """Return the place of supervised learning alone under the same conditions."""
    return next((n for n, other in enumerate(repeats) if repeat.row.has_baseline(other.row)), None)


def _relative(value: float, base: float | None) -> float | None:
    return None if base is None else value / base - 1


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
