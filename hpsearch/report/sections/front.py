"""The part of the page about a front: the designs that no other beats in all objectives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.pareto import ArmCost, pareto_chart
from hpsearch.report.style import colour
from hpsearch.results.front import Front, FrontPoint
from hpsearch.results.titles import title


@dataclass(frozen=True)
class FrontRow:
    """One design of the front: its error, the mean over its runs, and its costs as text."""

    name: str
    error: str
    costs: tuple[str, ...]
    runs: int


@dataclass(frozen=True)
class FrontSection:
    """The front as a table, and the error of all designs over each cost."""

    noun: str
    """What one value of the first objective is called."""
    columns: tuple[str, ...]
    """Headings of the costs."""
    rows: tuple[FrontRow, ...]
    designs: int
    """How many designs finished."""
    machine: str
    """The CPU that latencies are of; empty where there are none."""
    charts: tuple[Chart, ...]


def front_section(front: Front | None, names: Mapping[str, str], machine: str) -> FrontSection | None:
    """Return the section; None where there is no front."""
    if front is None:
        return None
    return FrontSection(
        noun=front.objective.noun,
        columns=tuple(metric.column for metric in front.costs),
        rows=tuple(_row(front, point, names) for point in front.best),
        designs=len(front.points),
        machine=machine,
        charts=tuple(_charts(front, names)),
    )


def _row(front: Front, point: FrontPoint, names: Mapping[str, str]) -> FrontRow:
    return FrontRow(
        name=title(point.arm, names),
        error=front.objective.shown(point.error),
        costs=tuple(metric.shown(cost) for metric, cost in zip(front.costs, point.costs, strict=True)),
        runs=len(point.arm.values),
    )


def _charts(front: Front, names: Mapping[str, str]) -> Iterator[Chart]:
    """Yield the error over each cost in which designs differ."""
    for place, metric in enumerate(front.costs):
        if len({point.costs[place] for point in front.points}) < 2:
            continue
        dots = [
            ArmCost(
                title(point.arm, names),
                colour(point.arm.trials[0]),
                point.costs[place] / metric.unit.of,
                point.error,
            )
            for point in front.points
        ]
        words = f"{front.objective.noun.capitalize()} over {metric.title}"
        yield pareto_chart(f"front-{place}", words, metric.axis, dots, front.objective)
