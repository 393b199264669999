"""Who follows a search while it runs: the tracker and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hpsearch.study.records import StudyRecord, TrialRecord
from hpsearch.study.study import Study


@dataclass(frozen=True)
class Observers:
    """`on_change` is called after every change with the study and the trial; `say` shows a person a line."""

    on_change: Callable[[StudyRecord, TrialRecord], None]
    say: Callable[[str], None]

    def changed(self, study: Study, number: int) -> None:
        """Pass on how a trial stands now."""
        record = study.record()
        self.on_change(record, next(trial for trial in record.trials if trial.number == number))
