"""Random designs, all trained for the same few epochs; then the best of them in full [Egele et al. 2024]."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from problems import Problem, parsed
from simulation import Asked, Contest, Job

from hpsearch.space.holes import Choice, Hole, Value
from hpsearch.space.space import Space


class FixedEpochs:
    """`first` epochs for every design take half of the budget, the best designs the other half."""

    def __init__(self, first: int) -> None:
        self._first = first

    def begin(self, problem: Problem, folder: Path, seed: int) -> Contest:
        """Return a search of a problem."""
        designs = problem.budget_epochs // 2 // self._first
        return Asked(
            _FixedEpochs(parsed(problem, folder), self._first, problem.epochs, designs, seed), problem.epochs
        )


class _FixedEpochs:
    def __init__(self, space: Space, first: int, epochs: int, designs: int, seed: int) -> None:
        self._space, self._first, self._epochs = space, first, epochs
        self._random = np.random.default_rng(seed)
        self._open = designs
        self._jobs: list[Job] = []
        self._waiting: dict[int, float] = {}

    def ask(self) -> Job | None:
        if self._open:
            self._open -= 1
            params, _ = self._space.draw(self._drawn)
            self._jobs.append(Job(len(self._jobs), params))
            return self._jobs[-1]
        if not self._waiting:
            return None
        best = min(self._waiting, key=lambda number: self._waiting[number])
        del self._waiting[best]
        return self._jobs[best]

    def tell(self, number: int, epoch: int, mae_deg: float) -> bool:
        if epoch == self._first:
            self._waiting[number] = mae_deg
        return epoch != self._first

    def _drawn(self, hole: Hole) -> Value:
        if isinstance(hole, Choice):
            return hole.ends()[self._random.integers(len(hole.ends()))]
        low, high = (np.log(end) if hole.log else end for end in (hole.low, hole.high))
        value = self._random.uniform(low, high)
        return float(np.exp(value) if hole.log else value)
