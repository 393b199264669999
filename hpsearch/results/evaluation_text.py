"""An evaluation as text: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import json
import textwrap
from typing import Literal

from hpsearch.results.csv_table import csv_table
from hpsearch.results.evaluation import Evaluation

Format = Literal["table", "csv", "json"]

WIDTH = 100
"""Characters of a line of prose below the table."""


def render(evaluation: Evaluation, form: Format) -> str:
    """Return an evaluation as text that ends with a newline."""
    match form:
        case "json":
            return json.dumps(_record(evaluation), indent=2) + "\n"
        case "csv":
            return csv_table(list(evaluation.rows))
        case "table":
            return _table(evaluation)


def _record(evaluation: Evaluation) -> dict[str, object]:
    record: dict[str, object] = {
        "dataset": evaluation.dataset,
        "split": evaluation.split,
        "note": evaluation.note,
        "remarks": list(evaluation.remarks),
    }
    if evaluation.aligned is not None:
        record[evaluation.aligned.name] = dict(evaluation.aligned.record)
    return record | {"rows": list(evaluation.rows)}


def _table(evaluation: Evaluation) -> str:
    columns = {metric.name: metric for metric in evaluation.metrics if metric.name in evaluation.rows[0]}
    titles = [columns[key].column if key in columns else key for key in evaluation.rows[0]]
    cells = [titles] + [
        [f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values()]
        for row in evaluation.rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    units = ", ".join(dict.fromkeys(metric.unit.name for metric in columns.values() if metric.unit.name))
    title = f"Means{f' in {units}' if units else ''} on {evaluation.dataset}, split {evaluation.split}:"
    said = [line for text in (evaluation.note, *evaluation.remarks) for line in textwrap.wrap(text, WIDTH)]
    return "\n".join([title, *lines, *said]) + "\n"
