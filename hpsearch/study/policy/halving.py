"""Successive halving by promotion: which frozen trial has earned more epochs.

A trial stops at each rung, a number of epochs, and waits there with its checkpoint. Of those that reached a
rung the best ceil(n / factor) go on whenever a slot is free, the highest rung first [Li et al. 2020, A System
for Massively Parallel Hyperparameter Tuning, algorithm 2, but rounded up]: rounded down, a rung that fewer
than `factor` trials have reached would let none of them go on. Nothing is lost by waiting: a trial that loses
now may win when more have been compared.

Trials of one family (one option of `pretext`) learn alike; those of different families may not: a helper may
be behind for long and ahead in the end. So a family is ranked by itself, and families meet at full budget.
`benchmarks/search` has the figures: on curves that cross, ranking all together misses what is best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ranking = Literal["family", "all"]


@dataclass(frozen=True)
class Halving:
    """Rungs lie after `rungs` epochs, rising; at each the best ceil(n / `factor`) go on.

    `hpsearch.study.policy.standings.Standings` says which those are.
    """

    rungs: tuple[int, ...]
    factor: int
    ranking: Ranking = "family"

    def rungs_of(self, epochs: int) -> tuple[int, ...]:
        """Return the rungs at which a trial of so many epochs may be frozen: never after its last."""
        return tuple(rung for rung in self.rungs if rung < epochs)
