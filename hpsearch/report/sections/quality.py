"""The part of the page about how good the leading arms are: on test sets and over the yaw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.intervals import IntervalLine, interval_chart
from hpsearch.report.charts.lines import ChartPoint, Line, LineChart, line_chart
from hpsearch.report.style import BASELINE, LINES
from hpsearch.results.arms import Arm
from hpsearch.results.titles import title
from hpsearch.results.yaw import BAND_DEG, error_by_yaw
from trainables.target.head_pose import MAE
from trainables.training.metric_names import VALIDATION, group_of_test

LEADERS = 4


@dataclass(frozen=True)
class QualitySection:
    """The charts of the leading arms and the baseline."""

    tests: tuple[Chart, ...]
    yaw: tuple[Chart, ...]
    band_deg: float

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All of its charts."""
        return (*self.tests, *self.yaw)


def quality_section(
    arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> QualitySection | None:
    """Return the section; None where nothing was tested and no run kept what it predicted.

    Raises `InputError` where a file of predictions is damaged.
    """
    leaders = [arm for arm in arms if arm.mean is not None][:LEADERS]
    if baseline is not None and baseline not in leaders:
        leaders.append(baseline)
    inks = iter(LINES)
    painted = [(arm, BASELINE if arm is baseline else next(inks)) for arm in leaders]
    groups = dict.fromkeys(group_of_test(test.name) for arm in leaders for test in arm.config.data.test)
    section = QualitySection(
        tests=tuple(_tests(painted, names, list(groups))),
        yaw=tuple(_yaw(painted, names, baseline, [VALIDATION, *groups])),
        band_deg=BAND_DEG,
    )
    return section if section.charts else None


def _tests(
    arms: Sequence[tuple[Arm, str]], names: Mapping[str, str], groups: Sequence[str]
) -> Iterator[Chart]:
    for place, group in enumerate(groups):
        main = arms[0][0].config.target.metrics[0].within(group)
        means = [(arm, ink, arm.test(main.name)) for arm, ink in arms]
        lines = [IntervalLine(title(arm, names), ink, mean) for arm, ink, mean in means if mean is not None]
        if lines:
            yield interval_chart(f"test-{place}", f"Test set {group.partition('/')[2]}", lines, main)


def _yaw(
    arms: Sequence[tuple[Arm, str]], names: Mapping[str, str], baseline: Arm | None, groups: Sequence[str]
) -> Iterator[Chart]:
    for place, group in enumerate(groups):
        lines = []
        for arm, ink in arms:
            points = tuple(ChartPoint(band.yaw_deg, band.error_deg) for band in error_by_yaw(arm, group))
            if len(points) > 1:
                lines.append(Line(title(arm, names), ink, points, dashed=arm is baseline))
        if lines:
            on = (
                "Error by yaw" if group == VALIDATION else f"Error by yaw, test set {group.partition('/')[2]}"
            )
            yield line_chart(f"yaw-{place}", LineChart(on, "true yaw, degrees", tuple(lines), MAE))
