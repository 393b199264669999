"""The part of the page with the paper's figures, drawn from the study's own arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.report import svg
from hpsearch.report.line_chart import LineChart, draw
from hpsearch.report.paper.figures import angle_charts, flag_chart, subjects_chart
from hpsearch.results.arms import Arm


@dataclass(frozen=True)
class Panel:
    """A drawing with its title, and the colour and name of each of its lines."""

    title: str
    drawing: svg.Svg
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FiguresSection:
    """The figures that the study has the arms for."""

    panels: tuple[Panel, ...]


def figures_section(
    arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> FiguresSection | None:
    """Return the section; None where the study has the arms of no figure."""
    charts = (flag_chart(arms), *angle_charts(arms, names, baseline), subjects_chart(arms))
    panels = tuple(panel(chart) for chart in charts if chart is not None)
    return FiguresSection(panels) if panels else None


def panel(chart: LineChart) -> Panel:
    """Return a chart drawn, with the keys to its colours."""
    return Panel(chart.title, draw(chart), tuple((line.colour, line.name) for line in chart.lines))
