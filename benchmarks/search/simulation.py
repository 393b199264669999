"""A search without training: each epoch costs one unit of time, its error is known beforehand."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from problems import Problem, Run


@dataclass(frozen=True)
class Job:
    """A design to train, from where it stands."""

    number: int
    params: Mapping[str, Any]


class Searcher(Protocol):
    """A contender."""

    def ask(self) -> Job | None:
        """Return what a free worker trains now, a new design or one that waits; None for none."""
        ...

    def tell(self, number: int, epoch: int, mae_deg: float) -> bool:
        """Take in what a design reached after an epoch; say whether it goes on."""
        ...


@dataclass(frozen=True)
class Finish:
    """A design that trained its full budget, and after how many epochs of the whole search it was there."""

    epochs_spent: int
    measured_deg: float
    """The error that the search saw."""
    true_deg: float
    family: str


def simulate(searcher: Searcher, problem: Problem, run: Run, workers: int, epochs: int) -> list[Finish]:
    """Search until so many epochs are trained in all; return what finished, in order."""
    order = itertools.count()
    jobs: dict[int, Job] = {}
    done: dict[int, int] = {}
    slots: list[tuple[int, int, int]] = []  # when its next epoch ends, order, number
    finishes: list[Finish] = []
    spent = now = 0
    while spent < epochs:
        while len(slots) < workers and (job := searcher.ask()) is not None:
            if job.number not in jobs:
                jobs[job.number] = job
                run.begin(job.number, job.params)
            heapq.heappush(slots, (now + 1, next(order), job.number))
        if not slots:
            break
        now, _, number = heapq.heappop(slots)
        spent += 1
        epoch = done[number] = done.get(number, 0) + 1
        mae_deg = run.mae_deg(number, epoch)
        goes_on = searcher.tell(number, epoch, mae_deg)
        if epoch == problem.epochs:
            family = str(jobs[number].params["pretext"])
            finishes.append(Finish(spent, mae_deg, run.true_deg(number), family))
        elif goes_on:
            heapq.heappush(slots, (now + 1, next(order), number))
    return finishes
