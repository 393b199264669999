"""Whole searches on the simulated backend: the real study, search and journal, no MLflow, no training."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support import studies
from support.simulated import Simulated

from hpsearch.driver.allocation import Allocation, Budget
from hpsearch.driver.jobs import JobFactory
from hpsearch.driver.observers import Observers
from hpsearch.driver.preparation import Start
from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.search import Search, SearchPlan
from hpsearch.driver.stopped import StoppedTrials
from hpsearch.study.bounds import Costs, not_known
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.journal.journal import _OnlyWriter
from hpsearch.study.records import PretrainingRecord, StudyRecord, TrialState
from hpsearch.study.spec import StudySpec
from hpsearch.study.study import Study
from hpsearch.study.trials import Trials
from trainables.training.config import TrainConfig


@dataclass
class Searching:
    """A search of a study in `folder`; `open` begins it, and goes on as a launch does after the driver died.

    `find_start` says what a trial's trunk starts from; `said` is what a person reads.
    """

    folder: Path
    spec: StudySpec
    backend: Simulated
    budget: Budget
    confirm: ConfirmConfig | None = None
    leaders: int = 0
    store: Path = Path("nowhere")
    find_start: Callable[[TrainConfig], Start] = lambda config: None
    check_inputs: Callable[[], None] = lambda: None
    costs: Costs = not_known
    said: list[str] = field(default_factory=list)
    pretrained: list[PretrainingRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        self.study: Study = studies.open_in(self.folder, self.spec, self.costs)
        jobs = JobFactory(self.folder, self.backend.resources)
        self.stopped = StoppedTrials(self.study.folder, self.spec.search.frozen_gb, self.said.append)
        self.search = Search(
            self.study,
            SearchPlan(self.budget, self.backend.slots, self.confirm, self.leaders),
            jobs,
            Observers(self.study.record(), lambda study, trial: None, self.said.append),
            self.find_start,
            Pretrainings(self.store, jobs, self.pretrained.append, self.said.append),
            self.stopped,
            self.check_inputs,
            self.backend.now_s,
        )

    def run(self, *, lines: int | None = None, epochs: int | None = None) -> bool:
        """Search to the end, or until the driver is killed: after so many lines of the journal or epochs.

        An epoch is recorded then, and what follows from it is not. Returns whether it came to the end.
        """
        settings = self.spec.search
        try:
            with killed_after(_OnlyWriter, "append_logs", lines), killed_after(Trials, "reported", epochs):
                self.backend.run(
                    self.search, retries=settings.retries, epoch_timeout_s=settings.epoch_timeout_s
                )
        except DriverKilled:
            self._die()
            return False
        self._settle()
        self.search.remove_leftovers()
        return True

    def states(self) -> Counter[TrialState]:
        return Counter(trial.state for trial in self.record().trials)

    @property
    def trained(self) -> list[tuple[str, int]]:
        return self.backend.trained

    @property
    def allocation(self) -> Allocation:
        """What the budget would be spent on now."""
        return self.search._allocation

    def record(self) -> StudyRecord:
        return self.study.record()

    def _die(self) -> None:
        """Let go of what the system lets go of where a process ends."""
        self.search.close()

    def _settle(self) -> None:
        """Wait until the files of trials that were stopped are removed."""
        self.stopped.close()


def objective(curve: studies.Curve) -> Callable[[studies.Design, int], dict[str, float]]:
    """Return what a backend takes for a curve of the objective."""
    return lambda design, epoch: {studies.OBJECTIVE: curve(design, epoch)}


class DriverKilled(BaseException):
    """The driver is gone; nothing that would have followed happens."""


@contextmanager
def killed_after(owner: type, name: str, calls: int | None) -> Iterator[None]:
    """Kill the driver as soon as a method has been called so often; None: never."""
    plain, left = getattr(owner, name), itertools.count(-1 if calls is None else calls, -1)

    def called(*arguments: Any, **settings: Any) -> Any:
        answer = plain(*arguments, **settings)
        if next(left) == 1:
            raise DriverKilled
        return answer

    setattr(owner, name, called)
    try:
        yield
    finally:
        setattr(owner, name, plain)
