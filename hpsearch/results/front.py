"""The front of a study with several objectives: the designs that no other beats in all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hpsearch.results.arms import Arm
from hpsearch.results.pareto import pareto_front
from hpsearch.results.titles import title
from hpsearch.study.records import StudyRecord
from trainables.target.metric import Metric

MOST_ROWS = 10
"""Designs of a front that a terminal shows."""


@dataclass(frozen=True)
class FrontPoint:
    """A design that finished, with its error, the mean over its runs, and its costs."""

    arm: Arm
    error: float
    costs: tuple[float, ...]


@dataclass(frozen=True)
class Front:
    """All designs that finished, and which of them no other beats in everything.

    `costs` are the objectives behind the first, `bounds` the most that each may be, None without a bound.
    """

    objective: Metric
    costs: tuple[Metric, ...]
    bounds: tuple[float | None, ...]
    points: tuple[FrontPoint, ...]

    @cached_property
    def best(self) -> tuple[FrontPoint, ...]:
        """The designs of the front, by the first cost."""
        places = [(*point.costs, self.objective.cost(point.error)) for point in self.points]
        return tuple(self.points[place] for place in pareto_front(places))

    def over(self, cost: int) -> tuple[FrontPoint, ...]:
        """Return the front of the error and one cost, by that cost."""
        places = [(point.costs[cost], self.objective.cost(point.error)) for point in self.points]
        return tuple(self.points[place] for place in pareto_front(places))

    def knee(self, cost: int) -> FrontPoint | None:
        """Return where the front of the error and one cost bends most: a higher cost buys little from there.

        It is the point farthest below the straight line between the ends; None where none is below it.
        """
        front = self.over(cost)
        if len(front) < 3:
            return None
        first, last = front[0], front[-1]
        wide = last.costs[cost] - first.costs[cost]
        high = self.objective.cost(first.error) - self.objective.cost(last.error)

        def gain(point: FrontPoint) -> float:
            across = (point.costs[cost] - first.costs[cost]) / wide
            down = (self.objective.cost(first.error) - self.objective.cost(point.error)) / high
            return down - across

        found = max(front[1:-1], key=gain)
        return found if gain(found) > 0 else None


def front_of(study: StudyRecord, arms: Sequence[Arm]) -> Front | None:
    """Return the front of a study; None where it has one objective, or fewer than two designs finished."""
    _, *costs = study.spec.objectives
    bounds = study.spec.search.bounds
    points = []
    for arm in arms:
        known = next((trial.costs for trial in arm.trials if trial.costs), {})
        if arm.values and all(metric.name in known for metric in costs):
            points.append(FrontPoint(arm, arm.level, tuple(known[metric.name] for metric in costs)))
    if not costs or len(points) < 2:
        return None
    return Front(study.objective, tuple(costs), tuple(bounds.get(each.name) for each in costs), tuple(points))


def best_below(front: Front | None, names: Mapping[str, str]) -> str:
    """Return in one sentence the best design up to a bound of each cost, and up to the front's knee.

    Empty without a front, and where one design is best in everything.
    """
    if front is None or len(front.best) < 2:
        return ""
    parts = [part for cost in range(len(front.costs)) for part in _best_below(front, cost, names)]
    return f"Best {'; best '.join(parts)}."


def _best_below(front: Front, cost: int, names: Mapping[str, str]) -> Iterator[str]:
    metric, bound, knee, over = front.costs[cost], front.bounds[cost], front.knee(cost), front.over(cost)
    if bound is not None:
        yield f"up to {metric.shown(bound)} {metric.title}: {_named(front, over[-1], cost, names)}"
    if knee is not None:
        most = metric.shown(knee.costs[cost])
        where = f"up to {most} {metric.title}, where the front bends most"
        yield f"{where}: {_named(front, knee, cost, names)}"
    elif bound is None:
        yield f"with the least {metric.title}: {_named(front, over[0], cost, names)}"


def _named(front: Front, point: FrontPoint, cost: int, names: Mapping[str, str]) -> str:
    error, costs = front.objective.shown(point.error), front.costs[cost].shown(point.costs[cost])
    return f"{title(point.arm, names)}, {error} at {costs}"


def front_text(front: Front | None, names: Mapping[str, str]) -> str:
    """Return the front as a short table for a terminal, with a line break at its end; empty without one."""
    if front is None:
        return ""
    metrics = (front.objective, *front.costs)
    rows = [[metric.column or metric.leaf for metric in metrics]]
    for point in front.best[:MOST_ROWS]:
        rows.append(
            [metric.shown(value) for metric, value in zip(metrics, (point.error, *point.costs), strict=True)]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    designs = ["design", *(title(point.arm, names) for point in front.best)]
    lines = [
        "  " + "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) + f"  {design}"
        for row, design in zip(rows, designs, strict=False)
    ]
    more = len(front.best) - MOST_ROWS
    rest = [f"  and {more} more: hpsearch report has all"] if more > 0 else []
    heading = (
        f"The front of {len(front.points)} designs: no other is at least as good in everything as these."
    )
    return "\n".join([heading, *lines, *rest, ""])
