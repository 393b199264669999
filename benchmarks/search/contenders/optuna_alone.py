"""Optuna's ask and tell with a sampler and a pruner of its own: what is stopped stays stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import TrialState
from problems import Problem, parsed
from simulation import Asked, Contest, Job

from hpsearch.space.space import Space
from hpsearch.study.suggestions import suggested


class OptunaAlone:
    """`sampler` is made from a seed, `pruner` from the epochs of a design."""

    def __init__(
        self,
        sampler: Callable[[int], BaseSampler],
        pruner: Callable[[int], BasePruner],
        *,
        learns_from_stopped: bool = True,
    ) -> None:
        self._sampler, self._pruner = sampler, pruner
        self._stopped = TrialState.PRUNED if learns_from_stopped else TrialState.FAIL

    def begin(self, problem: Problem, folder: Path, seed: int) -> Contest:
        """Return a search of a problem."""
        study = optuna.create_study(sampler=self._sampler(seed), pruner=self._pruner(problem.epochs))
        return Asked(
            _OptunaAlone(study, parsed(problem, folder), problem.epochs, self._stopped), problem.epochs
        )


class _OptunaAlone:
    def __init__(self, study: optuna.Study, space: Space, epochs: int, stopped: TrialState) -> None:
        self._study, self._space, self._epochs, self._stopped = study, space, epochs, stopped
        self._trials: dict[int, optuna.Trial] = {}

    def ask(self) -> Job:
        trial = self._study.ask()
        self._trials[trial.number] = trial
        params, _ = self._space.draw(lambda hole: suggested(trial, hole))
        return Job(trial.number, params)

    def tell(self, number: int, epoch: int, mae_deg: float) -> bool:
        trial = self._trials[number]
        trial.report(mae_deg, epoch)
        if epoch == self._epochs:
            self._study.tell(trial, mae_deg)
            return False
        if trial.should_prune():
            self._study.tell(trial, state=self._stopped)
            return False
        return True
