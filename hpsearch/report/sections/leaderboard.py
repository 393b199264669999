"""The leaderboard of the page: the best arms with their intervals, then the furthest unfinished ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.report import svg
from hpsearch.report.charts.error_axis import span_of
from hpsearch.report.style import colour
from hpsearch.results.arms import Arm
from hpsearch.results.formats import mean_with_half, number
from hpsearch.results.statistics import Interval
from hpsearch.results.titles import title, values_of
from hpsearch.results.verdict import epoch_title
from trainables.training.metric_names import VALIDATION, group_of_test

MOST_ARMS = 24
MOST_UNFINISHED = 4
MOST_COLUMNS = 5
"""Searched values beside which there is room for what else was measured."""

WIDTH, HEIGHT = 190.0, 18.0
"""Size of the drawing of one interval."""


@dataclass(frozen=True)
class LeaderboardRow:
    """One arm; `reached` says how far an unfinished one got."""

    rank: int
    kind: str
    """CSS class."""
    values: tuple[str, ...]
    mean: Interval | None
    spread: str
    """Half the interval of the mean, or what a single run is."""
    reached: str
    drawing: svg.Svg | None
    best_epoch: float | None
    measures: tuple[float | None, ...]
    tests: tuple[str, ...]
    seeds: int


@dataclass(frozen=True)
class LeaderboardSection:
    """The table, and what the note below it says."""

    columns: tuple[str, ...]
    """Short names of the searched values."""
    measures: tuple[str, ...]
    """Headings of what else was measured on the validation set."""
    tests: tuple[str, ...]
    """Names of the test sets that were measured."""
    objective: str
    """In words."""
    noun: str
    """What one value of it is called."""
    epoch: str
    """Which epoch of a run it is of, in words."""
    rows: tuple[LeaderboardRow, ...]
    arms: int
    some_confirmed: bool
    baseline: str | None
    """The baseline's title."""


def leaderboard_section(
    arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> LeaderboardSection | None:
    """Return the section; None where nothing was tried."""
    shown = [arm for arm in arms if arm.mean is not None][:MOST_ARMS]
    shown += [arm for arm in arms if arm.mean is None][:MOST_UNFINISHED]
    if not shown:
        return None
    objective = arms[0].objective
    known = {name for arm in shown for name in values_of(arm, names)}
    columns = tuple(name for name in dict.fromkeys(names.values()) if name in known)
    others = [metric.within(VALIDATION) for metric in arms[0].config.target.metrics if metric.label]
    room = [metric for metric in others if metric.column] if len(columns) <= MOST_COLUMNS else []
    measures = [metric for metric in room if any(arm.metric(metric.name) is not None for arm in shown)]
    named = dict.fromkeys(test.name for arm in shown for test in arm.config.data.test)
    tests = tuple(name for name in named if any(_test(arm, name) for arm in shown))
    scale = _scale(shown)
    rows = []
    for rank, arm in enumerate(shown, start=1):
        values = values_of(arm, names)
        rows.append(
            LeaderboardRow(
                rank=rank,
                kind="dim" if arm.mean is None else "best" if rank == 1 else "",
                values=tuple(values.get(name, "") for name in columns),
                mean=arm.mean,
                spread=_spread(arm),
                reached=f"{arm.state.value} at {arm.epochs}" if arm.epochs else arm.state.value,
                drawing=None if arm.mean is None else _draw(arm, arm.mean, names, baseline, scale),
                best_epoch=arm.best_epoch(objective),
                tests=tuple(_test(arm, name) for name in tests),
                measures=tuple(arm.metric(metric.name) for metric in measures),
                seeds=len(arm.values),
            )
        )
    return LeaderboardSection(
        columns=columns,
        measures=tuple(metric.column for metric in measures),
        tests=tests,
        objective=objective.title,
        noun=objective.noun,
        epoch=epoch_title(objective),
        rows=tuple(rows),
        arms=len(arms),
        some_confirmed=any(arm.confirmed for arm in arms),
        baseline=None if baseline is None else title(baseline, names),
    )


def _spread(arm: Arm) -> str:
    if arm.mean is None or arm.mean.half is not None:
        return "" if arm.mean is None else number(arm.mean.half)
    return "1 confirmation" if arm.confirmed else "1 run, selected"


def _test(arm: Arm, name: str) -> str:
    """Return an arm's error on a test set with its interval, and over how many runs."""
    found = arm.test(arm.config.target.metrics[0].within(group_of_test(name)).name)
    return "" if found is None else f"{mean_with_half(found)} ({found.n})"


def _scale(arms: Sequence[Arm]) -> svg.Scale:
    """Return a scale that shows the bulk of the means, and intervals as far as they do not dwarf these."""
    ends = (6.0, WIDTH - 6.0)
    means = [arm.mean for arm in arms if arm.mean is not None]
    if not means:
        return svg.Scale(0, 1, *ends)
    span = span_of([mean.mean for mean in means], arms[0].objective)
    least, most = span.low, span.high
    room = 1.5 * (most - least or 1.0)
    inside = [mean for mean in means if least <= mean.mean <= most]
    lows = [mean.mean - (mean.half or 0.0) for mean in inside]
    highs = [mean.mean + (mean.half or 0.0) for mean in inside]
    return svg.Scale(max(min(lows), least - room), min(max(highs), most + room), *ends)


def _draw(
    arm: Arm, mean: Interval, names: Mapping[str, str], baseline: Arm | None, scale: svg.Scale
) -> svg.Svg:
    """Return a dot with its interval, or an arrow beyond the scale; the baseline is a dashed line."""
    middle, parts = HEIGHT / 2, []
    if baseline is not None and baseline.mean is not None:
        at = scale(baseline.mean.mean)
        parts.append(svg.line((at, 0), (at, HEIGHT), "zero"))
    if mean.low is not None and mean.high is not None:
        ends = scale(mean.low), scale(mean.high)
        parts.append(svg.line((ends[0], middle), (ends[1], middle), "whisker"))
        parts += [svg.line((end, middle - 3), (end, middle + 3), "whisker") for end in ends]
    hint = f"{title(arm, names)}: {mean.mean:.3f}"
    at = scale(mean.mean)
    if scale.holds(mean.mean):
        parts.append(svg.dot((at, middle), 4, colour(arm.trials[0]), hint))
    else:
        parts.append(svg.arrow((at, middle), mean.mean > scale.high, colour(arm.trials[0]), hint))
    return svg.drawing(WIDTH, HEIGHT, parts, hint)
