"""The part of the page with errors over the flag, epochs and subjects: some are figures of the paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.lines import LineChart, line_chart
from hpsearch.report.paper.figures import angle_charts, flag_chart, labels_chart, subjects_chart
from hpsearch.report.paper.repeats import PaperTable
from hpsearch.results.arms import Arm

FIGURE_3, FIGURES_4_TO_6, FIGURE_7 = {1}, {2, 4}, {5}
"""The paper's tables that hold the arms of its figures."""


@dataclass(frozen=True)
class FiguresSection:
    """The charts that the study has the arms for; `of_paper` says whether any is a figure of the paper."""

    charts: tuple[Chart, ...]
    of_paper: bool


def figures_section(
    arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None, tables: Iterable[PaperTable]
) -> FiguresSection | None:
    """Return the section; None where the study has the arms of no chart.

    A chart is called a figure of the paper only where the study repeats the table with the same arms.
    """
    repeated = {table.number for table in tables}
    figures: list[tuple[LineChart, set[int], str]] = []
    if flags := flag_chart(arms, names):
        figures.append((flags, FIGURE_3, "figure 3"))
    figures += [(chart, FIGURES_4_TO_6, "figures 4 to 6") for chart in angle_charts(arms, names, baseline)]
    if subjects := subjects_chart(arms, names):
        figures.append((subjects, FIGURE_7, "figure 7"))
    if labels := labels_chart(arms, names):
        figures.append((labels, set(), ""))
    titled = [
        replace(chart, title=f"{chart.title} ({name})") if repeated & of else chart
        for chart, of, name in figures
    ]
    charts = tuple(line_chart(f"figure-{place}", chart) for place, chart in enumerate(titled))
    return FiguresSection(charts, any(repeated & of for _, of, _ in figures)) if charts else None
