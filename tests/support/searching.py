"""Searches without training: epochs cost one unit of time each, and curves follow from the params."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support import studies

from hpsearch.driver.allocation import Allocation, Budget
from hpsearch.study.spec import StudySpec
from hpsearch.study.study import Ask, Study

Curve = Callable[[Ask, int], float]


@dataclass
class Simulated:
    """A search of `workers` slots; every epoch that is trained is noted, however often it is."""

    folder: Path
    spec: StudySpec
    curve: Curve
    budget: Budget
    workers: int = 1
    lost: set[int] = field(default_factory=set)
    """Trials whose checkpoints are gone."""
    trained: list[tuple[int, int]] = field(default_factory=list)
    """Number and epoch of all that was trained, in order."""

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Begin, or go on as a launch does after the driver died."""
        self.study: Study = studies.open_in(self.folder, self.spec)
        self.allocation = Allocation(self.study, self.budget, lambda number: number not in self.lost)

    def run(self, epochs: int | None = None) -> None:
        """Search until nothing is left to do, or the driver dies after so many epochs."""
        for _ in itertools.islice(self._epochs(), epochs):
            pass

    def end(self) -> None:
        """Prune what is still frozen, as the end of a search does."""
        for trial in self.study.record().trials:
            if trial.state.value == "frozen":
                self.study.prune(trial.number)

    def _epochs(self) -> Iterator[None]:
        order = itertools.count()
        slots: list[tuple[int, int, Ask, int]] = []

        def start(now: int) -> bool:
            ask = self.allocation.next_ask()
            while ask is not None and ask.epochs_done == ask.config.epochs:  # all but its end was recorded
                self._complete(ask)
                ask = self.allocation.next_ask()
            if ask is None:
                return False
            heapq.heappush(slots, (now + 1, next(order), ask, ask.epochs_done + 1))
            return True

        while len(slots) < self.workers and start(0):
            pass
        while slots:
            now, _, ask, epoch = heapq.heappop(slots)
            self.trained.append((ask.number, epoch))
            stop = self.study.report(ask.number, epoch, {studies.OBJECTIVE: self.curve(ask, epoch)})
            yield  # the driver may die here: the epoch is recorded, what follows from it is not
            if epoch == ask.config.epochs:
                self._complete(ask)
            elif stop:
                self.study.prune(ask.number)
                self.allocation.ended(ask.number)
            elif not self.allocation.pauses(ask.number):
                heapq.heappush(slots, (now + 1, next(order), ask, epoch + 1))
            while len(slots) < self.workers and start(now):
                pass

    def _complete(self, ask: Ask) -> None:
        self.study.complete(ask.number)
        self.allocation.ended(ask.number)
