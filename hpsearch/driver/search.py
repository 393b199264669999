"""`Search`: the driver's mind while trials run. Decides through the study, remembers through the tracker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hpsearch.driver.confirmation import EvaluationItem, confirmations, to_test
from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.work import NoWork, TrialResources, WorkItem
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import Placement, StudyRecord, TrialRecord, TrialState
from hpsearch.study.study import Ask, Study
from trainables.training.checkpoints import BEST_WEIGHTS, Checkpoints, History
from trainables.training.config import TrainConfig
from trainables.training.evaluation import EvaluationJob
from trainables.training.jobs import TrialJob
from trainables.training.pretraining import Pretraining

Change = Callable[[StudyRecord, TrialRecord], None]
"""Called after every change with the study and the trial that changed."""

Start = Path | Pretraining | None
"""Where a trial's trunk starts: a file, what must be trained before, or None for random weights."""


class Search:
    """Hands out the study's trials, and before them the pretrainings that they need.

    `trials` is how many the study shall hold in the end (None: no limit), `deadline_s` the `time.monotonic`
    after which no further trial starts, `ahead` how many trials may wait for a pretraining while others go
    on. `confirm` and `leaders` say what follows the search. `prepare` builds what a trial needs before it
    starts and says where its trunk does.
    """

    def __init__(
        self,
        study: Study,
        *,
        on_change: Change,
        say: Callable[[str], None],
        datasets: Path,
        resources: TrialResources,
        ahead: int,
        trials: int | None,
        deadline_s: float | None,
        confirm: ConfirmConfig | None,
        leaders: int,
        prepare: Callable[[TrainConfig], Start],
        pretrainings: Pretrainings,
    ) -> None:
        self.say = say
        self._study = study
        self._on_change = on_change
        self._datasets = datasets
        self._resources = resources
        self._ahead = ahead
        self._trials = trials
        self._deadline_s = deadline_s
        self._confirm = confirm
        self._leaders = leaders
        self._prepare = prepare
        self._pretrainings = pretrainings
        self._unfinished = study.unfinished()
        self._held: list[tuple[Ask, Start]] = []
        self._tested: set[int] = set()

    def next_item(self) -> WorkItem | NoWork:
        """Return what is to run next: a trial that waited and can start, one that an interrupted launch left,
        a new one while the budget lasts; or what the first of them needs before."""
        for held, start in list(self._held):
            if item := self._begin(held, start):
                return item
        while len(self._held) < self._ahead and (ask := self._next_ask()):
            if item := self._begin(ask, self._taken(ask)):
                return item
        return NoWork.WAIT if self._held else self._final()

    def changed(self, number: int) -> None:
        """Pass on how a trial stands now."""
        study = self._study.record()
        trial = next(trial for trial in study.trials if trial.number == number)
        self._on_change(study, trial)

    def tidy(self) -> None:
        """Remove the checkpoints of ended trials, and the weights of those that are not complete.

        A worker removes those of its last trial as it takes the next; what it could not is left to this.
        """
        for trial in self._study.record().trials:
            if trial.state is not TrialState.RUNNING:
                Checkpoints(trial.folder).clear(weights=trial.state is not TrialState.COMPLETE)

    def _final(self) -> WorkItem | NoWork:
        """Return what is to be done once the search has ended: a leader again, then its test."""
        study = self._study.record()
        running = [trial for trial in study.trials if trial.state is TrialState.RUNNING]
        if any(trial.confirms is None for trial in running):  # it may lead yet
            return NoWork.WAIT
        if self._confirm and (again := next(confirmations(study, self._confirm), None)):
            ask = self._study.ask_again(*again)
            return self._begin(ask, self._taken(ask)) or NoWork.WAIT
        if running:
            return NoWork.WAIT
        if trial := next(to_test(study, self._leaders, self._tested), None):
            self._tested.add(trial.number)
            job = EvaluationJob(
                number=trial.number,
                config=trial.config,
                weights=trial.folder / BEST_WEIGHTS,
                datasets=self._datasets,
                cpus=self._resources.cpus,
                gpus=self._resources.gpus,
            )
            return EvaluationItem(job, self._study, self)
        return NoWork.DONE

    def _next_ask(self) -> Ask | None:
        if self._unfinished:
            return self._unfinished.pop(0)
        late = self._deadline_s is not None and time.monotonic() >= self._deadline_s
        spent = self._trials is not None and self._study.asked >= self._trials
        return None if late or spent else self._study.ask()

    def _taken(self, ask: Ask) -> Start:
        """Prepare a trial, and hold it until it begins.

        A power cut can take a trial's beginning out of the journal and leave its checkpoints: the next trial
        of that number may have other values.
        """
        if not ask.epochs_done:
            Checkpoints(self._study.trial_folder(ask.number)).clear(weights=True)
        start = self._prepare(ask.config)
        if start is not None:
            self._study.link(ask.number, start.name if isinstance(start, Pretraining) else start.parent.name)
        self._held.append((ask, start))
        self.changed(ask.number)
        return start

    def _begin(self, ask: Ask, start: Start) -> WorkItem | NoWork | None:
        """Return what can run now of a trial and what it needs; None where it has to wait."""
        trunk = start if isinstance(start, Path) else None
        if isinstance(start, Pretraining):
            trunk = self._pretrainings.trunk(start)
            if reason := self._pretrainings.failed(start):
                self._held.remove((ask, start))
                self._study.fail(ask.number, f"its pretraining failed: {reason}")
                self.changed(ask.number)
                return NoWork.WAIT  # the launch shall notice its deadline, even where every trial fails so
            if trunk is None:
                return self._pretrainings.item(start)
        self._held.remove((ask, start))
        job = TrialJob(
            number=ask.number,
            config=ask.config,
            trunk=trunk,
            folder=self._study.trial_folder(ask.number),
            datasets=self._datasets,
            cpus=self._resources.cpus,
            gpus=self._resources.gpus,
        )
        return TrialItem(job, self._study, self)


@dataclass(frozen=True)
class TrialItem:
    """One trial under way; see `hpsearch.driver.work.WorkItem`."""

    job: TrialJob
    study: Study
    search: Search

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Record epochs; where the pruner says so, end the trial as pruned and return True."""
        number = self.job.number
        if self.study.ended(number):
            return True
        self.study.place(number, placement)
        stop = False
        for epoch, metrics in enumerate(history, start=first_epoch):
            stop = self.study.report(number, epoch, metrics) or stop
        if stop:
            self.study.prune(number)
        self.search.changed(number)
        return stop

    def on_done(self) -> None:
        """End a trial that trained its full budget."""
        self.study.complete(self.job.number)
        self.search.changed(self.job.number)

    def on_failed(self, reason: str) -> None:
        """End a trial that failed for good."""
        self.study.fail(self.job.number, reason)
        self.search.changed(self.job.number)

    def on_note(self, note: str) -> None:
        """Pass on what a person should hear."""
        self.search.say(f"trial {self.job.number}: {note}")
