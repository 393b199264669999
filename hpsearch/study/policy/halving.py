"""Successive halving by promotion: which frozen trial has earned more epochs.

A trial stops at each rung, a number of epochs, and waits there with its checkpoint. Of those that reached a
rung the best ceil(n / factor) go on whenever a slot is free, the highest rung first [Li et al. 2020, A System
for Massively Parallel Hyperparameter Tuning, algorithm 2, but rounded up]. Nothing is lost by waiting: a
trial that loses now may win when more have been compared.

Trials of one family (one option of `pretext`) learn alike; those of different families may not: a helper may
be behind for long and ahead in the end. So a family is ranked by itself, and families meet at full budget.
`benchmarks/search` has the figures: on curves that cross, ranking all together misses what is best.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Ranking = Literal["family", "all"]


@dataclass(frozen=True)
class Contestant:
    """A trial as halving sees it.

    `curve[i]` is the objective after epoch i + 1, smaller is better, and `epochs` the trial's full budget.
    `waits` says whether it is frozen and can be thawed. A trial that was never stopped (`exempt`) counts in
    every comparison as the others do.
    """

    number: int
    family: str
    curve: Sequence[float]
    epochs: int
    waits: bool = False

    @property
    def complete(self) -> bool:
        """Whether it has trained its full budget, to a finite objective."""
        return len(self.curve) >= self.epochs and math.isfinite(self.curve[self.epochs - 1])


@dataclass(frozen=True)
class Halving:
    """Rungs lie after `rungs` epochs, rising; at each the best ceil(n / `factor`) go on."""

    rungs: tuple[int, ...]
    factor: int
    ranking: Ranking = "family"

    def pauses(self, epochs: int) -> tuple[int, ...]:
        """Return the rungs at which a trial of so many epochs may be frozen: never after its last."""
        return tuple(rung for rung in self.rungs if rung < epochs)

    def promoted(self, contestants: Iterable[Contestant]) -> Contestant | None:
        """Return the frozen trial to thaw now, the most promising of those that earned it; None without."""
        contestants = list(contestants)
        for rung in reversed(self.rungs):
            earned = [
                one
                for pool in self._pools(contestants, rung)
                for one in pool[: math.ceil(len(pool) / self.factor)]
                if one.waits and len(one.curve) == rung
            ]
            if earned:
                return _by_promise(earned, contestants)[0]
        return None

    def by_promise(self, contestants: Iterable[Contestant]) -> list[Contestant]:
        """Return the frozen trials, the best forecast first; before them families without a full run."""
        contestants = list(contestants)
        return _by_promise([one for one in contestants if one.waits], contestants)

    def _pools(self, contestants: Sequence[Contestant], rung: int) -> Iterator[list[Contestant]]:
        """Yield those that are compared after `rung` epochs, best first."""
        pools: dict[str, list[Contestant]] = defaultdict(list)
        for one in contestants:
            if one.epochs > rung and len(one.curve) >= rung and math.isfinite(one.curve[rung - 1]):
                pools[one.family if self.ranking == "family" else ""].append(one)
        for pool in pools.values():
            yield sorted(pool, key=lambda one: (one.curve[rung - 1], one.number))


def _by_promise(waiting: Iterable[Contestant], contestants: Iterable[Contestant]) -> list[Contestant]:
    finished = finished_by_family(contestants)

    def order(one: Contestant) -> tuple[bool, float, int]:
        known = finished.get(one.family)
        factor = outlook(known, len(one.curve)) if known else 1.0
        return bool(known), factor * one.curve[-1], one.number

    return sorted(waiting, key=order)


def finished_by_family(contestants: Iterable[Contestant]) -> dict[str, list[Contestant]]:
    """Return those that trained their full budget, by family."""
    finished: dict[str, list[Contestant]] = {}
    for contestant in contestants:
        if contestant.complete:
            finished.setdefault(contestant.family, []).append(contestant)
    return finished


def outlook(finished: Sequence[Contestant], rung: int) -> float:
    """Return what the error after `rung` epochs is multiplied by until the end, by trials that got there."""
    return median(one.curve[one.epochs - 1] / one.curve[min(rung, one.epochs) - 1] for one in finished)
