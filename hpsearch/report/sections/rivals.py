"""Every helper that could have led, beside the baseline: differences with intervals that hold together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.differences import differences_chart, looks_chart
from hpsearch.report.charts.intervals import IntervalLine
from hpsearch.report.style import colour
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import Comparison
from hpsearch.results.family import Family
from hpsearch.results.sequence import on_demand, progress
from hpsearch.results.statistics import Interval
from hpsearch.results.titles import title

MOST = 24
"""Helpers that are shown."""


@dataclass(frozen=True)
class RivalRow:
    """A helper, and its difference to the baseline."""

    name: str
    difference: Interval


@dataclass(frozen=True)
class RivalsSection:
    """The helpers, best first; `zone` is within which designs count as equal, None: none do."""

    charts: tuple[Chart, ...]
    rows: tuple[RivalRow, ...]
    baseline: str
    unit: str
    zone: float | None
    comparisons: int
    on_demand: bool
    blocked: bool
    """Whether what a seed does to all designs was taken out."""


def rivals_section(found: Comparison, names: Mapping[str, str]) -> RivalsSection | None:
    """Return the section; None where no helper has several runs, or none has been looked at yet."""
    family = found.family
    shown = [] if family is None else list(islice(_differences(found, family), MOST))
    if family is None or not shown:
        return None
    aim, zone = family.baseline.objective, found.equal_within
    lines = [IntervalLine(title(arm, names), colour(arm.trials[0]), gap) for arm, gap in shown]
    charts = [differences_chart("differences", lines, zone, aim)]
    if found.progress is not None and found.leader is not None and len(found.progress.looks) > 1:
        leader = IntervalLine(title(found.leader, names), colour(found.leader.trials[0]), shown[0][1])
        charts.append(looks_chart("looks", leader, found.progress.looks, zone, aim))
    return RivalsSection(
        charts=tuple(charts),
        rows=tuple(RivalRow(line.name, line.mean) for line in lines),
        baseline=title(family.baseline, names),
        unit=aim.unit.sign,
        zone=zone,
        comparisons=family.size,
        on_demand=found.progress is not None,
        blocked=family.without_seeds,
    )


def _differences(found: Comparison, family: Family) -> Iterator[tuple[Arm, Interval]]:
    """Yield each helper with its difference: at its last look where seeds came on demand."""
    if found.progress is None:
        yield from ((helper, family.difference(helper)) for helper in family.helpers)
        return
    for helper in family.helpers:
        stands = progress(helper, family.baseline, family.size, found.equal_within)
        if on_demand(helper) and stands is not None and stands.interval is not None:
            yield helper, stands.interval
