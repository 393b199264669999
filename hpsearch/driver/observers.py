"""Who follows a search while it runs: the tracker and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hpsearch.study.records import StudyRecord, TrialRecord
from hpsearch.study.study import Study

AT_ONCE = 1000
"""Of so many trials, the list is renewed with every change; of more, less often by as much."""


class Observers:
    """`on_change` is called after every change of a trial, with the study and it; `say` shows a line.

    `study` is how the study stood before. One change costs no look at any other trial: the study that is
    handed on may lack the last changes of others, one for each thousand trials.
    """

    def __init__(
        self,
        study: StudyRecord,
        on_change: Callable[[StudyRecord, TrialRecord], None],
        say: Callable[[str], None],
    ) -> None:
        self._study = study
        self._trials = {trial.number: trial for trial in study.trials}
        self._lacks = 0
        """Changes that the list of trials in `_study` lacks."""
        self._on_change = on_change
        self.say = say

    def changed(self, study: Study, number: int) -> None:
        """Pass on how a trial stands now."""
        trial, last = study.trial(number), next(reversed(self._trials), -1)
        late = number < last and number not in self._trials
        self._trials[number] = trial
        if late:
            self._trials = dict(sorted(self._trials.items()))
        self._lacks += 1
        if self._lacks * AT_ONCE >= len(self._trials):
            self._study = replace(self._study, trials=tuple(self._trials.values()))
            self._lacks = 0
        self._on_change(self._study, trial)
