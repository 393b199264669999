"""`Search`: the driver's mind while trials run. Decides through the study, remembers through the tracker."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hpsearch.ray_tune import Shares
from hpsearch.records import Placement, StudyRecord, TrialRecord, TrialState
from hpsearch.study.study import Study
from trainables.checkpoints import Checkpoints, History
from trainables.config import TrainConfig
from trainables.jobs import TrialJob

Change = Callable[[StudyRecord, TrialRecord], None]
"""Called after every change with the study and the trial that changed."""


KEEP_AN_EYE_ON = 64
"""Trials that ended last whose folders are tidied once more: more than run side by side."""


class Search:
    """Hands out the study's trials and takes in what came of them; see `hpsearch.ray_tune.Director`.

    `trials` is how many the study shall hold in the end (None: no limit), `deadline_s` the `time.monotonic`
    after which no further trial starts, `prepare` builds what a trial needs before it starts, `say` tells a
    person.
    """

    def __init__(
        self,
        study: Study,
        *,
        on_change: Change,
        say: Callable[[str], None],
        datasets_root: Path,
        shares: Shares,
        trials: int | None,
        deadline_s: float | None,
        prepare: Callable[[TrainConfig], object],
    ) -> None:
        self._study = study
        self._on_change = on_change
        self._say = say
        self._datasets_root = datasets_root
        self._shares = shares
        self._trials = trials
        self._deadline_s = deadline_s
        self._prepare = prepare
        self._unfinished = study.unfinished()
        self._ended: list[int] = []

    def next_job(self) -> TrialJob | None:
        """Return a trial that an interrupted launch left, else a new one while the budget lasts."""
        self.tidy()
        if self._unfinished:
            ask = self._unfinished.pop(0)
        elif self._spent():
            return None
        else:
            ask = self._study.ask()
        self._prepare(ask.config)
        self._tell(ask.number)
        return TrialJob(
            number=ask.number,
            config=ask.config,
            trunk=None,
            folder=self._study.trial_folder(ask.number),
            datasets=self._datasets_root,
            cpus=self._shares.cpus,
            gpus=self._shares.gpus,
        )

    def on_epochs(self, number: int, first_epoch: int, history: History, placement: Placement) -> bool:
        """Record epochs; where the pruner says so, end the trial as pruned and return True."""
        if self._study.ended(number):
            return True
        self._study.place(number, placement)
        stop = False
        for epoch, metrics in enumerate(history, start=first_epoch):
            stop = self._study.report(number, epoch, metrics) or stop
        if stop:
            self._study.prune(number)
            self._ended.append(number)
        self._tell(number)
        return stop

    def on_done(self, number: int) -> None:
        """End a trial that trained its full budget."""
        self._study.complete(number)
        self._ended.append(number)
        self._tell(number)

    def on_failed(self, number: int, reason: str) -> None:
        """End a trial that failed for good."""
        self._study.fail(number, reason)
        self._ended.append(number)
        self._tell(number)

    def on_note(self, number: int, note: str) -> None:
        """Pass on what a person should hear."""
        self._say(f"trial {number}: {note}")

    def tidy(self) -> None:
        """Remove the checkpoints of ended trials, and the weights of those that are not complete.

        Not at the moment they end: a worker may still be writing the last one.
        """
        for number in self._ended:
            complete = self._study.trial_record(number).state is TrialState.COMPLETE
            Checkpoints(self._study.trial_folder(number)).clear(weights=not complete)
        self._ended = self._ended[-KEEP_AN_EYE_ON:]

    def _spent(self) -> bool:
        late = self._deadline_s is not None and time.monotonic() >= self._deadline_s
        return late or (self._trials is not None and self._study.asked >= self._trials)

    def _tell(self, number: int) -> None:
        study = self._study.record()
        trial = next(trial for trial in study.trials if trial.number == number)
        self._on_change(study, trial)
