"""Ray Tune's OptunaSearch with its ASHA, which tells Optuna that a stopped trial is complete."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import optuna
from problems import Problem, parsed
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch
from simulation import Asked, Contest, Job

from hpsearch.study.suggestions import suggested

METRIC, TIME = "mae_deg", "training_iteration"


class OptunaSearchAsha:
    """`first` epochs are trained before the first rung."""

    def __init__(self, first: int) -> None:
        self._first = first

    def begin(self, problem: Problem, folder: Path, seed: int) -> Contest:
        """Return a search of a problem."""
        space = parsed(problem, folder)

        def define_by_run(trial: optuna.Trial) -> None:
            space.draw(lambda hole: suggested(trial, hole))

        search = OptunaSearch(define_by_run, metric=METRIC, mode="min", seed=seed)
        scheduler = ASHAScheduler(
            time_attr=TIME,
            metric=METRIC,
            mode="min",
            max_t=problem.epochs,
            grace_period=self._first,
            reduction_factor=3,
        )
        return Asked(_OptunaSearchAsha(search, scheduler), problem.epochs)


@dataclass(frozen=True)
class _Trial:
    """What ASHA reads of a trial."""

    trial_id: str


class _OptunaSearchAsha:
    def __init__(self, search: OptunaSearch, scheduler: ASHAScheduler) -> None:
        self._search, self._scheduler = search, scheduler
        self._begun = 0

    def ask(self) -> Job:
        number = self._begun
        self._begun += 1
        params = self._search.suggest(str(number))
        self._scheduler.on_trial_add(None, _Trial(str(number)))
        return Job(number, params)

    def tell(self, number: int, epoch: int, mae_deg: float) -> bool:
        trial, result = _Trial(str(number)), {METRIC: mae_deg, TIME: epoch}
        self._search.on_trial_result(trial.trial_id, result)
        goes_on = self._scheduler.on_trial_result(None, trial, result) == ASHAScheduler.CONTINUE
        if not goes_on:
            self._scheduler.on_trial_complete(None, trial, result)
            self._search.on_trial_complete(trial.trial_id, result)
        return bool(goes_on)
