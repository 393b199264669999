"""A study as pandas tables."""

from __future__ import annotations

import pandas as pd

from hpsearch.study.records import StudyRecord


class StudyTables:
    """One study as it was when it was read; `record` has all of it as plain values."""

    def __init__(self, record: StudyRecord) -> None:
        self.record = record

    def __repr__(self) -> str:
        return f"<study {self.record.name!r}: {len(self.record.trials)} trials, {self.record.objective}>"

    def trials(self) -> pd.DataFrame:
        """Return one row per trial, indexed by its number.

        Columns: `state`, `objective`, `epochs_done`, `reason`, `started`, `trained_s`, `seconds` (which
        a trial that was frozen waited in too), `host`, `device`, `folder`, the searched values under their
        dotted paths, and the metrics of the last epoch. A missing value is NaN.
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
                **trial.params,
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
