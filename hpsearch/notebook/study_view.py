"""`StudyView`: a study in Python: its tables, its verdict and its best trial, shown in notebooks."""

from __future__ import annotations

import html

import pandas as pd

from hpsearch.notebook.study_charts import StudyCharts
from hpsearch.results.advice import advice
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.leaderboard import records
from hpsearch.results.titles import names_of
from hpsearch.results.verdict import describe
from hpsearch.study.naming import shared_params
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
        arms = arms_of(self.record)
        found = compare(arms, self.record.equal_within)
        said = describe(found, names_of(arms), self.record.objective, advice(self.record, found))
        return f"{said.sentence} {said.grounds}".strip()

    @property
    def plot(self) -> StudyCharts:
        """The report's charts: `.curves()`, `.parallel()`, `.slices()`."""
        return StudyCharts(self.record)

    def trials(self) -> pd.DataFrame:
        """Return one row per trial, indexed by its number.

        Columns: `state`, `objective`, `epochs_done`, `reason`, `started`, `trained_s`, `seconds` (which
        a trial that was frozen waited in too), `host`, `device`, `folder`, the searched values (`params.` and
        their path, as in MLflow and `leaderboard.csv`), and the metrics of the last epoch. A missing value is
        NaN.
        """
        rows = [
            {
                "trial": trial.number,
                "state": trial.state.value,
                "objective": trial.objective,
                "epochs_done": len(trial.epochs),
                "reason": trial.reason,
                "started": pd.Timestamp(trial.started_s, unit="s", tz="UTC"),
                "trained_s": trial.trained_s,
                "seconds": None if trial.ended_s is None else trial.ended_s - trial.started_s,
                "host": None if trial.placement is None else trial.placement.host,
                "device": None if trial.placement is None else trial.placement.device,
                "folder": str(trial.folder),
                **{f"params.{path}": value for path, value in shared_params(trial).items()},
                **(trial.epochs[-1] if trial.epochs else {}),
            }
            for trial in self.record.trials
        ]
        table = pd.DataFrame(rows, columns=None if rows else ["trial", "state", "objective"]).set_index(
            "trial"
        )
        return table.astype({"objective": float})

    def epochs(self) -> pd.DataFrame:
        """Return one row per epoch of each trial: `trial`, `epoch` (from 1) and every metric."""
        rows = [
            {"trial": trial.number, "epoch": epoch, **metrics}
            for trial in self.record.trials
            for epoch, metrics in enumerate(trial.epochs, start=1)
        ]
        return pd.DataFrame(rows, columns=None if rows else ["trial", "epoch"])

    def leaderboard(self) -> pd.DataFrame:
        """Return one row per trial of the search, best first, as `leaderboard.csv` has them."""
        return pd.DataFrame(records(self.record))

    def __repr__(self) -> str:
        return f"<study {self.record.name!r}: {len(self.record.trials)} trials, {self.record.objective.name}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the verdict and the first trials of the leaderboard."""
        paths = dict.fromkeys(path for trial in self.record.searched for path in shared_params(trial))
        columns = ["trial", "state", "objective", *(f"params.{path}" for path in paths)]
        table = self.leaderboard().reindex(columns=columns)
        table.columns = table.columns.str.removeprefix("params.")
        shown = table.head(SHOWN_ROWS).to_html(index=False, na_rep="", float_format="{:.4g}".format)
        more = len(table) - SHOWN_ROWS
        rest = f"<p>and {more} more: <code>.leaderboard()</code></p>" if more > 0 else ""
        return f"<p><b>{html.escape(self.name)}</b>: {html.escape(self.verdict)}</p>{shown}{rest}"
