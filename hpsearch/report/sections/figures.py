"""The part of the page with the paper's figures, drawn from the study's own arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.lines import line_chart
from hpsearch.report.paper.figures import angle_charts, flag_chart, subjects_chart
from hpsearch.results.arms import Arm


@dataclass(frozen=True)
class FiguresSection:
    """The figures that the study has the arms for."""

    charts: tuple[Chart, ...]


def figures_section(
    arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> FiguresSection | None:
    """Return the section; None where the study has the arms of no figure."""
    figures = (flag_chart(arms), *angle_charts(arms, names, baseline), subjects_chart(arms))
    drawn = [figure for figure in figures if figure is not None]
    charts = tuple(line_chart(f"figure-{place}", figure) for place, figure in enumerate(drawn))
    return FiguresSection(charts) if charts else None
