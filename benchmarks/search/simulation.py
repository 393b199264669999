"""A search without training: each epoch costs one unit of time, its error is known beforehand.

The slots are those of the backend that the tests simulate.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from problems import Problem, Run

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.simulated import Simulated, Training

from hpsearch.study.records import Placement
from hpsearch.work.items import NoWork, WorkItem, WorkSource
from trainables.training.checkpoints import History
from trainables.training.jobs import Result

MAE = "validation/mae_deg"


@dataclass(frozen=True)
class Job:
    """A design to train, from where it stands."""

    number: int
    params: Mapping[str, Any]
    cpus: int = 1
    gpus: float = 0.0


class Searcher(Protocol):
    """A contender that is asked and told."""

    def ask(self) -> Job | None:
        """Return what a free worker trains now, a new design or one that waits; None for none."""
        ...

    def tell(self, number: int, epoch: int, mae_deg: float) -> bool:
        """Take in what a design reached after an epoch; say whether it goes on."""
        ...


class Contest(Protocol):
    """A search under way: where its work comes from, and the values of its designs."""

    @property
    def source(self) -> WorkSource:
        """Where work comes from."""
        ...

    def params(self, number: int) -> Mapping[str, Any]:
        """Return the values of a design."""
        ...

    def training(self, job: Any, place: Simulated) -> Training:
        """Return how a job is trained."""
        ...


@dataclass(frozen=True)
class Finish:
    """A design that trained its full budget, and after how many epochs of the whole search it was there."""

    epochs_spent: int
    measured_deg: float
    """The error that the search saw."""
    true_deg: float
    family: str


class _Spent(Exception):
    """The epochs of a search are trained."""


@dataclass
class _Curves:
    """The errors of one search, and what finished."""

    contest: Contest
    problem: Problem
    run: Run
    epochs: int
    spent: int = 0
    begun: set[int] = field(default_factory=set)
    finishes: list[Finish] = field(default_factory=list)

    def __call__(self, job: Any, epoch: int) -> dict[str, float]:
        if self.spent == self.epochs:
            raise _Spent
        self.spent += 1
        if job.number not in self.begun:
            self.begun.add(job.number)
            self.run.begin(job.number, self.contest.params(job.number))
        mae_deg = self.run.mae_deg(job.number, epoch)
        if epoch == self.problem.epochs:
            family = str(self.contest.params(job.number)["pretext"])
            self.finishes.append(Finish(self.spent, mae_deg, self.run.true_deg(job.number), family))
        return {MAE: mae_deg}


def simulate(contest: Contest, problem: Problem, run: Run, workers: int, epochs: int) -> list[Finish]:
    """Search until so many epochs are trained in all; return what finished, in order."""
    curves = _Curves(contest, problem, run, epochs)
    place = Simulated(curves, slots=workers, training=contest.training)
    with suppress(_Spent):
        place.run(contest.source, retries=0, epoch_timeout_s=float("inf"))
    return curves.finishes


class Asked:
    """The contest of a searcher that is asked and told; each design goes on where it stood."""

    def __init__(self, searcher: Searcher, epochs: int) -> None:
        self._searcher, self._epochs = searcher, epochs
        self._jobs: dict[int, Job] = {}
        self._done: dict[int, int] = {}
        self.source = self

    def params(self, number: int) -> Mapping[str, Any]:
        """Return the values of a design."""
        return self._jobs[number].params

    def next_item(self) -> WorkItem | NoWork:
        """Ask the searcher."""
        job = self._searcher.ask()
        if job is None:
            return NoWork.DONE
        self._jobs.setdefault(job.number, job)
        return _Told(self._jobs[job.number], self._searcher)

    def training(self, job: Job, place: Simulated) -> Training:
        """Return the training of a design, from where it stands."""
        return _Design(job, place, self._done, self._epochs)


class _Design:
    """A design on a worker."""

    restored = False

    def __init__(self, job: Job, place: Simulated, done: dict[int, int], epochs: int) -> None:
        self.epoch = done.get(job.number, 0)
        self.results = self._results(job, place, done, epochs)

    def _results(self, job: Job, place: Simulated, done: dict[int, int], epochs: int) -> Iterator[Result]:
        while self.epoch < epochs:
            self.epoch += 1
            reached = dict(place.curve(job, self.epoch))
            done[job.number] = self.epoch
            yield Result(self.epoch, [reached], [], done=self.epoch == epochs)


@dataclass(frozen=True)
class _Told:
    """A design under way; see `hpsearch.work.items.WorkItem`."""

    job: Job
    searcher: Searcher

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        return not self.searcher.tell(self.job.number, first_epoch, history[0][MAE])

    def on_done(self) -> None: ...

    def on_failed(self, reason: str) -> None: ...

    def on_error(self, details: str) -> None: ...

    def on_note(self, note: str) -> None: ...
