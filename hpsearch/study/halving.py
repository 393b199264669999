"""Successive halving by promotion: which frozen trial has earned more epochs.

A trial stops at each rung, a number of epochs, and waits there with its checkpoint. Of those that reached a
rung the best ceil(n / factor) go on whenever a slot is free, the highest rung first [Li et al. 2020, A System
for Massively Parallel Hyperparameter Tuning, algorithm 2, but rounded up]. Nothing is lost by waiting: a
trial that loses now may win when more have been compared.

Trials of one family (one option of `pretext`) learn alike; those of different families may not: a helper may
be behind for long and ahead in the end. So a family is ranked by itself until one of its trials has trained
its full budget. From then on its curve is known, and its trials are ranked among all by their forecast: the
error at the rung, times what the family's finished trials made of theirs from there (the median of final
error / error at the rung).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Ranking = Literal["forecast", "family", "all"]


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
    ranking: Ranking = "forecast"

    def pauses(self, epochs: int) -> tuple[int, ...]:
        """Return the rungs at which a trial of so many epochs may be frozen: never after its last."""
        return tuple(rung for rung in self.rungs if rung < epochs)

    def promoted(self, contestants: Iterable[Contestant]) -> Contestant | None:
        """Return the frozen trial to thaw now, None where none has earned it."""
        contestants = list(contestants)
        finished = finished_by_family(contestants)
        for rung in reversed(self.rungs):
            earned = [
                (score, len(finished[best.family]), best.number, best)
                for pool in self._pools(contestants, rung, finished)
                for score, best in pool[: math.ceil(len(pool) / self.factor)]
                if best.waits and len(best.curve) == rung
            ]
            if earned:
                _, _, _, chosen = min(earned, key=lambda one: (one[1] > 0, one[0], one[2]))
                return chosen
        return None

    def by_promise(self, contestants: Iterable[Contestant]) -> list[Contestant]:
        """Return the frozen trials, the best forecast first; before them families without a full run."""
        contestants = list(contestants)
        finished = finished_by_family(contestants)

        def order(one: Contestant) -> tuple[bool, float, int]:
            known = finished[one.family]
            factor = outlook(known, len(one.curve)) if known and self.ranking == "forecast" else 1.0
            return bool(known), factor * one.curve[-1], one.number

        return sorted((one for one in contestants if one.waits), key=order)

    def _pools(
        self, contestants: Sequence[Contestant], rung: int, finished: dict[str, list[Contestant]]
    ) -> Iterator[list[tuple[float, Contestant]]]:
        """Yield those that are compared after `rung` epochs, each with its score, best first."""
        pools: dict[str, list[tuple[float, Contestant]]] = defaultdict(list)
        for one in contestants:
            if one.epochs > rung and len(one.curve) >= rung and math.isfinite(one.curve[rung - 1]):
                known = self.ranking == "forecast" and bool(finished[one.family])
                name = "" if known or self.ranking == "all" else one.family
                factor = outlook(finished[one.family], rung) if known else 1.0
                pools[name].append((factor * one.curve[rung - 1], one))
        for pool in pools.values():
            yield sorted(pool, key=lambda scored: (scored[0], scored[1].number))


def finished_by_family(contestants: Iterable[Contestant]) -> dict[str, list[Contestant]]:
    """Return those that trained their full budget, by family."""
    finished: dict[str, list[Contestant]] = defaultdict(list)
    for contestant in contestants:
        if contestant.complete:
            finished[contestant.family].append(contestant)
    return finished


def outlook(finished: Sequence[Contestant], rung: int) -> float:
    """Return what the error after `rung` epochs is multiplied by until the end, by trials that got there."""
    return median(one.curve[one.epochs - 1] / one.curve[min(rung, one.epochs) - 1] for one in finished)
