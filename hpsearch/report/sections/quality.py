"""The part of the page about how good the leading arms are: on test sets and over a label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.intervals import IntervalLine, interval_chart
from hpsearch.report.charts.lines import ChartPoint, Line, LineChart, line_chart
from hpsearch.report.style import Paint, paints, task_of
from hpsearch.results.arms import Arm
from hpsearch.results.bands import by_band
from hpsearch.results.titles import title
from trainables.target import TargetConfig
from trainables.training.metric_names import VALIDATION, group_of_test

LEADERS = 4


@dataclass(frozen=True)
class QualitySection:
    """The charts of the leading arms and the baseline."""

    tests: tuple[Chart, ...]
    bands: tuple[Chart, ...]
    over: str
    """What the bands are of, in words; empty where the target has none."""

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All of its charts."""
        return (*self.tests, *self.bands)


def quality_section(
    arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> QualitySection | None:
    """Return the section; None where nothing was tested and no run kept what it predicted.

    Raises `InputError` where a file of predictions is damaged.
    """
    leaders = [arm for arm in arms if arm.mean is not None][:LEADERS]
    if baseline is not None and baseline not in leaders:
        leaders.append(baseline)
    painted = list(zip(leaders, paints(task_of(arm.config) for arm in leaders), strict=True))
    groups = dict.fromkeys(group_of_test(test.name) for arm in leaders for test in arm.config.data.test)
    section = QualitySection(
        tests=tuple(_tests(painted, names, list(groups))),
        bands=tuple(_bands(painted, names, [VALIDATION, *groups])),
        over=_over(leaders[0].config.target) if leaders else "",
    )
    return section if section.charts else None


def _tests(
    arms: Sequence[tuple[Arm, Paint]], names: Mapping[str, str], groups: Sequence[str]
) -> Iterator[Chart]:
    for place, group in enumerate(groups):
        main = arms[0][0].config.target.metrics[0].within(group)
        means = [(arm, paint.colour, arm.test(main.name)) for arm, paint in arms]
        lines = [IntervalLine(title(arm, names), ink, mean) for arm, ink, mean in means if mean is not None]
        if lines:
            yield interval_chart(f"test-{place}", f"Test set {group.partition('/')[2]}", lines, main)


def _over(target: TargetConfig) -> str:
    """Return how wide bands are and of what: `15° of true yaw`."""
    if target.bands is None:
        return ""
    label = next(label for label in target.labels if label.name == target.bands.label)
    return f"{target.bands.width:g}{label.unit.sign} of true {label.name}"


def _bands(
    arms: Sequence[tuple[Arm, Paint]], names: Mapping[str, str], groups: Sequence[str]
) -> Iterator[Chart]:
    target = arms[0][0].config.target if arms else None
    if target is None or target.bands is None:
        return
    label = next(label for label in target.labels if label.name == target.bands.label)
    for place, group in enumerate(groups):
        lines = []
        for arm, paint in arms:
            points = tuple(ChartPoint(band.middle, band.value) for band in by_band(arm, group))
            if len(points) > 1:
                lines.append(Line(title(arm, names), paint, points))
        if lines:
            main = target.metrics[0]
            on = f"{main.noun.capitalize()} by {label.name}"
            on += "" if group == VALIDATION else f", test set {group.partition('/')[2]}"
            across = f"true {label.name}, {label.unit.name}"
            yield line_chart(f"bands-{place}", LineChart(on, across, tuple(lines), main))
