"""`StudyView`: a study in Python: its tables, its verdict and its best trial, shown in notebooks."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hpsearch.notebook.study_charts import StudyCharts
from hpsearch.results.leaderboard import records
from hpsearch.results.verdict import verdict_of
from hpsearch.study.records import StudyRecord, TrialRecord

SHOWN_ROWS = 10
"""Trials that a notebook shows of a study."""


class StudyView:
    """One study as it was when it was read; `record` has all of it as plain values."""

    def __init__(self, record: StudyRecord) -> None:
        self.record = record

    @property
    def name(self) -> str:
        """The study's name."""
        return self.record.name

    @property
    def best(self) -> TrialRecord | None:
        """The trial whose weights are the winner's: of the best design, its best trial.

        It has `config`, `params`, `objective`, `epochs` and `folder`. None before any is complete.
        """
        return self.record.best

    @property
    def verdict(self) -> str:
        """Whether the best helper is better than supervised learning alone, in the words of the report."""
        said = verdict_of(self.record)
        return f"{said.sentence} {said.grounds}".strip()

    @property
    def plot(self) -> StudyCharts:
        """The report's charts: `.curves()`, `.parallel()`, `.slices()`."""
        return StudyCharts(self.record)

    def trials(self) -> pd.DataFrame:
        """Return one row per trial, indexed by its number.

        Columns: `state`, `seed`, `confirms` (the trial that a confirmation repeats, which is no find of the
        search), `objective`, `epochs_done`, `reason`, `started`, `trained_s`, `seconds` (which
        a trial that was frozen waited in too), `host`, `device`, `folder`, the searched values (`params.` and
        their path, as in MLflow and `leaderboard.csv`), and the metrics of the last epoch. A missing value is
        NaN.
        """
        trials = self.record.trials
        placed = [trial.placement for trial in trials]
        own = pd.DataFrame(
            {
                "state": [trial.state.value for trial in trials],
                "seed": [trial.config.seed for trial in trials],
                "confirms": pd.array([trial.confirms for trial in trials], dtype="Int64"),
                "objective": pd.Series([trial.objective for trial in trials], dtype=float),
                "epochs_done": [len(trial.epochs) for trial in trials],
                "reason": [trial.reason for trial in trials],
                "started": pd.to_datetime([trial.started_s for trial in trials], unit="s", utc=True),
                "trained_s": [trial.trained_s for trial in trials],
                "seconds": [t.ended_s - t.started_s if t.ended_s is not None else math.nan for t in trials],
                "host": [None if place is None else place.host for place in placed],
                "device": [None if place is None else place.device for place in placed],
                "folder": [str(trial.folder) for trial in trials],
            }
        )
        values = [{f"params.{path}": v for path, v in trial.shared_params.items()} for trial in trials]
        last = _metrics([trial.epochs[-1] if trial.epochs else {} for trial in trials])
        table = pd.concat([own, pd.DataFrame(values, index=own.index), last], axis="columns")
        return table.set_index(pd.Index([trial.number for trial in trials], name="trial", dtype=int))

    def epochs(self) -> pd.DataFrame:
        """Return one row per epoch of each trial: `trial`, `epoch` (from 1) and every metric."""
        trials = self.record.trials
        places = {
            "trial": [trial.number for trial in trials for _ in trial.epochs],
            "epoch": [epoch for trial in trials for epoch in range(1, len(trial.epochs) + 1)],
        }
        metrics = _metrics([metrics for trial in trials for metrics in trial.epochs])
        return pd.concat([pd.DataFrame(places, dtype=int), metrics], axis="columns")

    def leaderboard(self) -> pd.DataFrame:
        """Return one row per trial of the search, best first, as `leaderboard.csv` has them."""
        return pd.DataFrame(records(self.record))

    def __repr__(self) -> str:
        return f"<study {self.record.name!r}: {len(self.record.trials)} trials, {self.record.objective.name}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the verdict and the first trials of the leaderboard."""
        paths = dict.fromkeys(path for trial in self.record.searched for path in trial.shared_params)
        columns = ["trial", "state", "objective", *(f"params.{path}" for path in paths)]
        table = self.leaderboard().reindex(columns=columns)
        table.columns = table.columns.str.removeprefix("params.")
        shown = table.head(SHOWN_ROWS).to_html(index=False, na_rep="", float_format="{:.4g}".format)
        more = len(table) - SHOWN_ROWS
        rest = f"<p>and {more} more: <code>.leaderboard()</code></p>" if more > 0 else ""
        return f"<p><b>{html.escape(self.name)}</b>: {html.escape(self.verdict)}</p>{shown}{rest}"


def _metrics(rows: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """Return metrics as a table, by columns: most rows have the same names."""
    at: dict[str, int] = {}
    places: dict[tuple[str, ...], list[int]] = {}
    for names in dict.fromkeys(map(tuple, rows)):
        places[names] = [at.setdefault(name, len(at)) for name in names]
    table = np.full((len(rows), len(at)), np.nan)
    for row, metrics in enumerate(rows):
        table[row, places[tuple(metrics)]] = [*metrics.values()]
    return pd.DataFrame(table, columns=[*at])
