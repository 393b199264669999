"""The report's charts of a study's trials, one at a time: a notebook shows them, `save` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hpsearch.report.charts.chart import Chart
from hpsearch.report.charts.curves import curves_chart
from hpsearch.report.charts.parallel import parallel_chart
from hpsearch.report.charts.slices import slice_charts
from hpsearch.report.charts.standing_alone import standing_alone, svg_of
from hpsearch.report.charts.trials import chart_trials
from hpsearch.study.records import StudyRecord
from trainables.base.errors import InputError

VEGA_LITE = "application/vnd.vegalite.v6+json"
"""What JupyterLab and its kind draw for the mouse."""


class NotebookChart:
    """One chart; `spec` is its Vega-Lite specification with its data, `words` what it shows."""

    def __init__(self, chart: Chart, records: list[dict[str, Any]]) -> None:
        self.words = chart.words
        self.spec = standing_alone(chart, records)

    def save(self, file: str | Path) -> None:
        """Write the chart as SVG."""
        Path(file).write_text(svg_of(self.spec), encoding="utf-8")

    def __repr__(self) -> str:
        return self.words

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Return the chart for the mouse, and as a picture for what draws no Vega-Lite."""
        return {VEGA_LITE: self.spec, "image/svg+xml": svg_of(self.spec), "text/plain": self.words}


class StudyCharts:
    """The charts of one study; `InputError` is raised where its trials have too little to show."""

    def __init__(self, record: StudyRecord) -> None:
        self._record = record
        self._found = chart_trials(record)

    def curves(self) -> NotebookChart:
        """Return the error of every trial after each of its epochs."""
        return self._chart(curves_chart(self._found, self._record.provenance.training_mean))

    def parallel(self) -> NotebookChart:
        """Return each trial as one line through all of its searched values to its error."""
        return self._chart(parallel_chart(self._found))

    def slices(self) -> list[NotebookChart]:
        """Return the error of every trial over each searched value, a chart each."""
        return [self._chart(chart) for chart in slice_charts(self._found)]

    def _chart(self, chart: Chart | None) -> NotebookChart:
        if chart is None:
            raise InputError(f"study {self._record.name!r} has too few trials for this chart yet")
        return NotebookChart(chart, self._found.records())
