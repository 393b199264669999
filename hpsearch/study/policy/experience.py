"""What a sampler learns from: finished trials by their error, stopped ones by a forecast of theirs.

Errors are costs here, smaller is better: where the objective is to grow, its negative.

What a stopped trial reached is no final value: learning curves fall, and cross between families. Taken for
one it would make a sampler prefer what learns fast. So its error counts times what the finished trials of
its family made of theirs from there on. It is left out where its family has none.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from hpsearch.study.policy.outlook import Outlook

BEST, LATEST = 100, 150
"""Trials that a sampler is shown where there are more than both together.

TPE models its 25 best apart from the others, whose number makes each suggestion more expensive and no better.
"""

FINISHED = 0
"""The epoch under which finished trials are kept, whose errors need no forecast."""


@dataclass(frozen=True)
class _Trial:
    number: int
    family: str
    values: Sequence[float]
    finished: bool

    @property
    def epoch(self) -> int:
        return FINISHED if self.finished else len(self.values)


class Experience:
    """All trials that have ended or wait, confirmations too; `values` are their costs by epoch.

    Of more than `best` and `latest` together, the best and the latest are shown.
    """

    def __init__(self, best: int = BEST, latest: int = LATEST) -> None:
        self._best, self._latest = best, latest
        self._trials: dict[int, _Trial] = {}
        """The one that changed last is the last."""
        self._ranks: dict[tuple[str, int], list[tuple[float, int]]] = defaultdict(list)
        """Error and number by family and epoch, in order: there all forecasts have the same factor."""
        self._outlooks: dict[str, Outlook] = defaultdict(Outlook)

    def finished(self, number: int, family: str, values: Sequence[float]) -> None:
        """Add a trial that trained its full budget."""
        self._put(_Trial(number, family, values, True))
        self._outlooks[family].add(values)

    def stopped(self, number: int, family: str, values: Sequence[float]) -> None:
        """Add a trial that was pruned, or waits; one without an error to forecast from is left out."""
        if values and math.isfinite(values[-1]):
            self._put(_Trial(number, family, values, False))

    def goes_on(self, number: int) -> None:
        """Leave out a trial that trains again, or failed."""
        if (trial := self._trials.pop(number, None)) is not None:
            ranks = self._ranks[trial.family, trial.epoch]
            del ranks[bisect_left(ranks, (trial.values[-1], number))]

    def shown(self) -> dict[int, float]:
        """Return the error of each trial to learn from, by its number: all, or the best and the latest."""
        if len(self._trials) <= self._best + self._latest:
            chosen = {number: self._error(trial) for number, trial in self._trials.items()}
        else:
            best = heapq.nsmallest(self._best, self._leaders())
            latest = islice(reversed(self._trials.items()), self._latest)
            chosen = {number: error for error, number in best}
            chosen |= {number: self._error(trial) for number, trial in latest}
        return {number: error for number, error in sorted(chosen.items()) if error is not None}

    def _leaders(self) -> Iterator[tuple[float, int]]:
        """Yield the forecasts of the best of each family and epoch, more than enough for the best of all."""
        for (family, epoch), ranks in self._ranks.items():
            factor = self._factor(family, epoch)
            if factor is not None:
                yield from ((factor * error, number) for error, number in ranks[: self._best])

    def _error(self, trial: _Trial) -> float | None:
        factor = self._factor(trial.family, trial.epoch)
        return None if factor is None else factor * trial.values[-1]

    def _factor(self, family: str, epoch: int) -> float | None:
        """Return what an error after an epoch is multiplied by; None where none of the family finished."""
        if epoch == FINISHED:
            return 1.0
        return self._outlooks[family].factor(epoch) if self._outlooks[family] else None

    def _put(self, trial: _Trial) -> None:
        self.goes_on(trial.number)
        self._trials[trial.number] = trial
        insort(self._ranks[trial.family, trial.epoch], (trial.values[-1], trial.number))
