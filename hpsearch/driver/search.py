"""`Search`: decides what runs next, from the first trial to the last evaluation on a test set."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpsearch.driver.allocation import Allocation, Budget
from hpsearch.driver.confirmation import confirmations
from hpsearch.driver.failures import Failures
from hpsearch.driver.jobs import JobFactory
from hpsearch.driver.leader_tests import FinalTestItem, leaders_to_evaluate
from hpsearch.driver.observers import Observers
from hpsearch.driver.patience import Patience, faults_of
from hpsearch.driver.preparation import Start
from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.stopped import StoppedTrials
from hpsearch.driver.trial import TrialItem
from hpsearch.study.asking import Ask
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.policy.families import family_title
from hpsearch.study.records import StudyRecord, TrialState
from hpsearch.study.study import Study
from hpsearch.study.trial_log import Log
from hpsearch.work.items import NoWork, WorkItem
from trainables.base.errors import Fault, InputError
from trainables.model.inits import Pretraining
from trainables.training.checkpoints import Checkpoints
from trainables.training.config import TrainConfig
from trainables.training.jobs import found_here_too


@dataclass(frozen=True)
class SearchPlan:
    """How far a search goes, and what follows it.

    `ahead` is how many trials may wait for a pretraining while others go on. Then leaders are trained again
    (`confirm`), and the best `leaders` are measured on the test sets.
    """

    budget: Budget
    ahead: int
    confirm: ConfirmConfig | None
    leaders: int


class Search:
    """Hands out the study's trials, before them the pretrainings that they need, and what follows the search.

    `find_start` builds what a trial needs before it starts and says where its trunk does; `check_inputs`
    raises where the data have changed; `now_s` is the clock of the budget's deadline. See
    `hpsearch.work.items.WorkSource`.
    """

    def __init__(
        self,
        study: Study,
        plan: SearchPlan,
        jobs: JobFactory,
        observers: Observers,
        find_start: Callable[[TrainConfig], Start],
        pretrainings: Pretrainings,
        stopped: StoppedTrials,
        check_inputs: Callable[[], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._study = study
        self._stopped = stopped
        self._allocation = Allocation(study, plan.budget, stopped.kept, now_s)
        self._plan = plan
        self._jobs = jobs
        self._observers = observers
        self._find_start = find_start
        self._pretrainings = pretrainings
        self._check_inputs = check_inputs
        self._patience = Patience(study.spec.search.patience_s, observers.say, now_s)
        self._failures = Failures(study.spec.search.max_failures)
        self._held: list[tuple[Ask, Start]] = []
        self._evaluated: set[int] = set()
        self._search_ended = False
        self._ends_seen: int | None = None
        """How many trials had ended when confirmations were last waited for."""

    def next_item(self) -> WorkItem | NoWork:
        """Return what is to run next: a trial that waited and can start, one that an interrupted launch left,
        a new one while the budget lasts; or what the first of them needs before."""
        self._failures.check()
        for refused in self._study.refused_designs():
            self._observers.say(f"not trained: {refused}")
        if awaited := self._patience.next_item():
            return awaited
        under_way: set[str] = (
            set()
        )  # hundreds of trials may wait for one pretraining, and a look is at a file
        for held, start in list(self._held):
            if isinstance(start, Pretraining) and start.name in under_way:
                continue
            if item := self._begin(held, start):
                return item
            if isinstance(start, Pretraining):
                under_way.add(start.name)
        while len(self._held) < self._plan.ahead and (ask := self._allocation.next_ask()):
            if item := self._prepare(ask):
                return item
        return NoWork.WAIT if self._held else self._after_the_search()

    def input_lost(self, item: WorkItem, faults: Sequence[Fault]) -> None:
        """Hand an item out again once its input is there again; see `Patience`."""
        self._patience.wait_for(lambda: found_here_too(item.job, faults), item)

    def remove_leftovers(self) -> None:
        """Remove the checkpoints of ended trials, and the weights of those that are not complete.

        What was frozen keeps its newest checkpoint: a later launch with a larger budget may thaw it. A worker
        removes those of its last trial as it takes the next; what it could not remove is removed here.
        """
        thawable = set(self._allocation.by_promise())
        for trial in self._study.record().trials:
            if trial.state is not TrialState.RUNNING and trial.number not in thawable:
                Checkpoints(trial.folder).clear(weights=trial.state is not TrialState.COMPLETE)

    def close(self) -> None:
        """Let go of what this process holds, once no worker trains any more."""
        self._pretrainings.close()
        self._stopped.close()

    def _after_the_search(self) -> WorkItem | NoWork:
        """Return what is to be done once the search has ended: a leader again, then its test."""
        if self._allocation.trains or self._ends_seen == self._study.ends:  # before all trials are looked at
            return NoWork.WAIT
        study, confirm = self._study.record(), self._plan.confirm
        running = [trial for trial in study.trials if trial.state is TrialState.RUNNING]
        if any(trial.confirms is None for trial in running):  # it may lead yet
            return NoWork.WAIT
        if not self._search_ended:
            if not self._inputs_are_there():  # before anything is confirmed, or pruned for good
                return NoWork.WAIT
            study = self._end_search(study)
        if confirm and (again := next(confirmations(study, confirm), None)):
            ask = self._study.ask_again(*again, confirm.plan)
            return self._prepare(ask) or NoWork.WAIT
        if running:
            self._ends_seen = self._study.ends
            return NoWork.WAIT
        if trial := next(leaders_to_evaluate(study, self._plan.leaders, self._evaluated), None):
            if not self._evaluated and not self._inputs_are_there():
                return NoWork.WAIT
            self._evaluated.add(trial.number)
            return FinalTestItem(self._jobs.final_test(trial), self._study, self._observers)
        return NoWork.DONE

    def _end_search(self, study: StudyRecord) -> StudyRecord:
        """Prune what is still frozen, and name the families without a design that trained its full budget."""
        self._search_ended = True
        if self._is_used_up:
            asked = self._study.asked
            self._observers.say(f"{self._why_used_up}: the search ends after {asked} trials")
        for trial in study.trials:
            if trial.state is TrialState.FROZEN:
                self._study.prune(trial.number)
                self._observers.changed(self._study, trial.number)
        if missing := self._allocation.without_full_run(study):
            names = ", ".join(map(family_title, missing))
            self._observers.say(
                f"no design trained its full budget for {names}: their final error is unknown"
            )
        return self._study.record()

    def _inputs_are_there(self) -> bool:
        """Look at the data again; where they are away, wait for them. Raises where they have changed."""
        if not faults_of(self._check_inputs):
            return True
        self._patience.wait_for(lambda: faults_of(self._check_inputs))
        return False

    @property
    def _why_used_up(self) -> str:
        if not self._study.refused:
            return "every design of the space has been tried"
        if not self._study.refusal:
            return "every design that keeps search.constraints has been tried"
        return f"no design that keeps search.constraints is found any more (the last: {self._study.refusal})"

    @property
    def _is_used_up(self) -> bool:
        """Whether the space, and not the budget, has ended the search."""
        if self._study.refused:
            return self._allocation.used_up
        spec = self._study.spec
        designs, wanted = spec.combinations, spec.search.budget.trials
        if designs is None or spec.search.sampler.enumerates or wanted is None or wanted <= designs:
            return self._allocation.used_up
        return self._study.asked >= designs

    def _prepare(self, ask: Ask) -> WorkItem | NoWork | None:
        """Prepare a trial, and hold it until it begins; return what can run now, as `_begin` does.

        A power cut can take a trial's beginning out of the journal and leave its checkpoints: the next trial
        of that number may have other values.
        """
        if not ask.epochs_done:
            Checkpoints(self._study.trial_folder(ask.number)).clear(weights=True)
        try:
            start = self._find_start(ask.config)
        except InputError:
            self._allocation.put_back(ask)
            self._patience.wait_for(lambda: faults_of(lambda: self._find_start(ask.config)))
            return NoWork.WAIT
        if start is not None:
            self._study.link(ask.number, start.name if isinstance(start, Pretraining) else start.parent.name)
        self._held.append((ask, start))
        self._observers.changed(self._study, ask.number)
        return self._begin(ask, start)

    def _begin(self, ask: Ask, start: Start) -> WorkItem | NoWork | None:
        """Return what can run now of a trial and what it needs; None where it has to wait."""
        trunk = start if not isinstance(start, Pretraining) else self._pretrainings.trunk(start)
        if isinstance(start, Pretraining):
            if reason := self._pretrainings.failed(start):
                self._held.remove((ask, start))
                reason = f"its pretraining failed: {reason}"
                self._study.fail(ask.number, reason)
                self._failures.add(reason)
                Log(self._study.trial_folder(ask.number)).say(f"failed: {reason}")
                self._allocation.ended(ask.number)
                self._observers.changed(self._study, ask.number)
                return NoWork.WAIT  # the launch shall notice its deadline, even where every trial fails so
            if trunk is None:
                return self._pretrainings.item(start)
        self._held.remove((ask, start))
        folder, rungs = self._study.trial_folder(ask.number), self._allocation.may_freeze_after(ask)
        job = self._jobs.trial(ask, trunk, folder, rungs, self._allocation.left)
        return TrialItem(job, self._study, self._allocation, self._stopped, self._observers, self._failures)
