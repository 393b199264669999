"""`Search`: decides what runs next, from the first trial to the last measurement on a test set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from hpsearch.driver.confirmation import confirmations
from hpsearch.driver.evaluation import EvaluationItem, leaders_to_evaluate
from hpsearch.driver.jobs import JobFactory
from hpsearch.driver.observers import Observers
from hpsearch.driver.preparation import Start
from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.trial import TrialItem
from hpsearch.driver.work import NoWork, WorkItem
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import TrialState
from hpsearch.study.study import Ask, Study
from trainables.model.inits import Pretraining
from trainables.training.checkpoints import Checkpoints
from trainables.training.config import TrainConfig


@dataclass(frozen=True)
class SearchPlan:
    """How far a search goes, and what follows it.

    `trials` is how many the study shall hold in the end (None: no limit), `deadline_s` the `time.monotonic`
    after which no further trial starts, `ahead` how many trials may wait for a pretraining while others go
    on. Then leaders are trained again (`confirm`), and the best `leaders` are measured on the test sets.
    """

    trials: int | None
    deadline_s: float | None
    ahead: int
    confirm: ConfirmConfig | None
    leaders: int


class Search:
    """Hands out the study's trials, before them the pretrainings that they need, and what follows the search.

    `find_start` builds what a trial needs before it starts and says where its trunk does. See
    `hpsearch.driver.work.WorkSource`.
    """

    def __init__(
        self,
        study: Study,
        plan: SearchPlan,
        jobs: JobFactory,
        observers: Observers,
        find_start: Callable[[TrainConfig], Start],
        pretrainings: Pretrainings,
    ) -> None:
        self._study = study
        self._plan = plan
        self._jobs = jobs
        self._observers = observers
        self._find_start = find_start
        self._pretrainings = pretrainings
        self._unfinished = study.unfinished()
        self._held: list[tuple[Ask, Start]] = []
        self._evaluated: set[int] = set()

    def next_item(self) -> WorkItem | NoWork:
        """Return what is to run next: a trial that waited and can start, one that an interrupted launch left,
        a new one while the budget lasts; or what the first of them needs before."""
        for held, start in list(self._held):
            if item := self._begin(held, start):
                return item
        while len(self._held) < self._plan.ahead and (ask := self._next_ask()):
            if item := self._begin(ask, self._hold(ask)):
                return item
        return NoWork.WAIT if self._held else self._after_the_search()

    def remove_leftovers(self) -> None:
        """Remove the checkpoints of ended trials, and the weights of those that are not complete.

        A worker removes those of its last trial as it takes the next; what it could not is left to this.
        """
        for trial in self._study.record().trials:
            if trial.state is not TrialState.RUNNING:
                Checkpoints(trial.folder).clear(weights=trial.state is not TrialState.COMPLETE)

    def _after_the_search(self) -> WorkItem | NoWork:
        """Return what is to be done once the search has ended: a leader again, then its test."""
        study, confirm = self._study.record(), self._plan.confirm
        running = [trial for trial in study.trials if trial.state is TrialState.RUNNING]
        if any(trial.confirms is None for trial in running):  # it may lead yet
            return NoWork.WAIT
        if confirm and (again := next(confirmations(study, confirm), None)):
            ask = self._study.ask_again(*again)
            return self._begin(ask, self._hold(ask)) or NoWork.WAIT
        if running:
            return NoWork.WAIT
        if trial := next(leaders_to_evaluate(study, self._plan.leaders, self._evaluated), None):
            self._evaluated.add(trial.number)
            return EvaluationItem(self._jobs.evaluation(trial), self._study, self._observers)
        return NoWork.DONE

    def _next_ask(self) -> Ask | None:
        if self._unfinished:
            return self._unfinished.pop(0)
        trials, deadline_s = self._plan.trials, self._plan.deadline_s
        late = deadline_s is not None and time.monotonic() >= deadline_s
        spent = trials is not None and self._study.asked >= trials
        return None if late or spent else self._study.ask()

    def _hold(self, ask: Ask) -> Start:
        """Prepare a trial, and hold it until it begins.

        A power cut can take a trial's beginning out of the journal and leave its checkpoints: the next trial
        of that number may have other values.
        """
        if not ask.epochs_done:
            Checkpoints(self._study.trial_folder(ask.number)).clear(weights=True)
        start = self._find_start(ask.config)
        if start is not None:
            self._study.link(ask.number, start.name if isinstance(start, Pretraining) else start.parent.name)
        self._held.append((ask, start))
        self._observers.changed(self._study, ask.number)
        return start

    def _begin(self, ask: Ask, start: Start) -> WorkItem | NoWork | None:
        """Return what can run now of a trial and what it needs; None where it has to wait."""
        trunk = start if not isinstance(start, Pretraining) else self._pretrainings.trunk(start)
        if isinstance(start, Pretraining):
            if reason := self._pretrainings.failed(start):
                self._held.remove((ask, start))
                self._study.fail(ask.number, f"its pretraining failed: {reason}")
                self._observers.changed(self._study, ask.number)
                return NoWork.WAIT  # the launch shall notice its deadline, even where every trial fails so
            if trunk is None:
                return self._pretrainings.item(start)
        self._held.remove((ask, start))
        job = self._jobs.trial(ask, trunk, self._study.trial_folder(ask.number))
        return TrialItem(job, self._study, self._observers)
