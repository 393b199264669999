"""SMAC3 with several fidelities: Hyperband, whose designs a random forest suggests."""

from __future__ import annotations

from pathlib import Path

from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    EqualsCondition,
    Float,
    Integer,
)
from ConfigSpace.hyperparameters import Hyperparameter
from problems import Problem, parsed
from simulation import Asked, Contest, Job
from smac import MultiFidelityFacade, Scenario
from smac.runhistory.dataclasses import TrialInfo, TrialValue

from hpsearch.space.holes import Choice, Hole
from hpsearch.space.space import Space

ENDLESS = 100_000


class Smac:
    """`first` epochs are the smallest budget of a design."""

    def __init__(self, first: int) -> None:
        self._first = first

    def begin(self, problem: Problem, folder: Path, seed: int) -> Contest:
        """Return a search of a problem."""
        factor = 3
        least = float(problem.epochs)
        while least / factor >= self._first * 0.7:  # budgets are what is left by dividing the largest one
            least /= factor
        scenario = Scenario(
            space_of(parsed(problem, folder)),
            output_directory=folder,
            deterministic=True,
            n_trials=ENDLESS,
            min_budget=least,
            max_budget=problem.epochs,
            seed=seed,
        )
        facade = MultiFidelityFacade(
            scenario,
            lambda config, seed, budget: 0.0,
            intensifier=MultiFidelityFacade.get_intensifier(scenario, eta=factor),
            overwrite=True,
            logging_level=False,
        )
        return Asked(_Smac(facade, problem.epochs), problem.epochs)


class _Smac:
    def __init__(self, facade: MultiFidelityFacade, epochs: int) -> None:
        self._facade, self._epochs = facade, epochs
        self._numbers: dict[object, int] = {}
        self._open: dict[int, TrialInfo] = {}

    def ask(self) -> Job:
        info = self._facade.ask()
        number = self._numbers.setdefault(info.config, len(self._numbers))
        self._open[number] = info
        return Job(number, {name: _plain(value) for name, value in dict(info.config).items()})

    def tell(self, number: int, epoch: int, mae_deg: float) -> bool:
        info = self._open[number]
        if epoch < min(round(info.budget or self._epochs), self._epochs):
            return True
        self._facade.tell(info, TrialValue(cost=mae_deg), save=False)
        return False


def space_of(space: Space) -> ConfigurationSpace:
    """Return a search space for SMAC: a hole below an option exists only with that option."""
    made = ConfigurationSpace()
    parameters = {hole.name: _parameter(hole) for hole in space.holes()}
    made.add(*parameters.values())
    for name, parameter in parameters.items():
        for parent in parameters:
            if name.startswith(f"{parent}."):
                option = name.removeprefix(f"{parent}.").split(".")[0]
                made.add(EqualsCondition(parameter, parameters[parent], option))
    return made


def _parameter(hole: Hole) -> Hyperparameter:
    if isinstance(hole, Choice):
        return Categorical(hole.name, list(hole.ends()))
    if hole.whole:
        return Integer(hole.name, (int(hole.low), int(hole.high)), log=hole.log)
    return Float(hole.name, (hole.low, hole.high), log=hole.log)


def _plain(value: object) -> object:
    """Return a value without numpy's type."""
    return value.item() if hasattr(value, "item") else value
