"""What is searched: a space, and the learning curve of each of its designs, so that the best one is known."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from curves import FOLDER, Recorded, read_curves
from record import space_of
from synthetic import SYNTHETIC, Synthetic

from hpsearch.space.holes import Choice, Hole
from hpsearch.space.space import Space
from hpsearch.study.spec import load_spec


class Run(Protocol):
    """One search of a problem: each design that it begins gets a curve."""

    def begin(self, number: int, params: Mapping[str, Any]) -> None:
        """Take in a new design."""
        ...

    def mae_deg(self, number: int, epoch: int) -> float:
        """Return what a design that was begun reaches after an epoch."""
        ...

    def true_deg(self, number: int) -> float:
        """Return the error that the choice of a design is judged by."""
        ...


class Problem(Protocol):
    """A search space with known curves."""

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        ...

    @property
    def epochs(self) -> int:
        """The full budget of a design."""
        ...

    @property
    def budget_epochs(self) -> int:
        """Epochs that a search of it may train."""
        ...

    @property
    def space(self) -> str:
        """The search space as YAML, without its section `search`."""
        ...

    @property
    def best_deg(self) -> float:
        """The error that the best design ends with."""
        ...

    @property
    def best_family(self) -> str:
        """The option of `pretext` that the best design has."""
        ...

    def begin(self, folder: Path, seed: int) -> Run:
        """Return a new search; the folder is for its files."""
        ...


def parsed(problem: Problem, folder: Path) -> Space:
    """Return a problem's search space."""
    file = folder / "problem.yaml"
    file.write_text(problem.space, encoding="utf-8")
    return load_spec(file).space


class RecordedProblem:
    """Designs that were trained: a suggestion becomes the nearest unused one of its family."""

    def __init__(self, part: str, budget_epochs: int) -> None:
        self.name, self.budget_epochs = part, budget_epochs
        self.designs = read_curves(FOLDER / f"{part}.csv")
        tree = space_of(part)
        self.epochs = int(tree["epochs"])
        del tree["search"]
        self.space = "\n".join(f"{key}: {json.dumps(value)}" for key, value in tree.items())
        best = min(self.designs, key=lambda design: design.mae_deg[-1])
        self.best_deg, self.best_family = best.mae_deg[-1], str(best.params["pretext"])

    def begin(self, folder: Path, seed: int) -> Run:
        """Return a search in which every design is unused; the curves are the same for every seed."""
        return _RecordedRun(self.designs, parsed(self, folder))


class _RecordedRun:
    def __init__(self, designs: list[Recorded], space: Space) -> None:
        self._designs = designs
        self._unused = list(designs)
        self._holes = {hole.name: hole for hole in space.holes()}
        self._begun: dict[int, Recorded] = {}

    def begin(self, number: int, params: Mapping[str, Any]) -> None:
        if not (family := self._family(self._unused, params)):  # used up: its designs may be had again
            family = self._family(self._designs, params)
            self._unused += family
        nearest = min(family, key=lambda design: self._distance(design.params, params))
        self._unused.remove(nearest)
        self._begun[number] = nearest

    def mae_deg(self, number: int, epoch: int) -> float:
        return self._begun[number].mae_deg[epoch - 1]

    def true_deg(self, number: int) -> float:
        return self._begun[number].mae_deg[-1]

    @staticmethod
    def _family(designs: list[Recorded], params: Mapping[str, Any]) -> list[Recorded]:
        return [design for design in designs if design.params["pretext"] == params["pretext"]]

    def _distance(self, left: Mapping[str, Any], right: Mapping[str, Any]) -> float:
        return sum(
            (_unit(self._holes[name], left[name]) - _unit(self._holes[name], right[name])) ** 2
            for name in left.keys() & right.keys()
        )


def _unit(hole: Hole, value: Any) -> float:
    """Return where a value lies in its hole, from 0 to 1; options count in their order."""
    if isinstance(hole, Choice):
        options = [str(option) for option in hole.ends()]
        return options.index(str(value)) / max(len(options) - 1, 1)
    low, high, number = (math.log(x) if hole.log else x for x in (hole.low, hole.high, float(value)))
    return (number - low) / (high - low)


class SyntheticProblem:
    """Curves by a formula: see `synthetic`."""

    def __init__(self, synthetic: Synthetic, budget_epochs: int) -> None:
        self.name, self.budget_epochs = synthetic.name, budget_epochs
        self.epochs, self.space = synthetic.epochs, synthetic.space
        self.best_deg, self.best_family = synthetic.best_deg, synthetic.best_family
        self._synthetic = synthetic

    def begin(self, folder: Path, seed: int) -> Run:
        """Return a search; the noise follows from its seed."""
        return _SyntheticRun(self._synthetic, seed)


class _SyntheticRun:
    def __init__(self, synthetic: Synthetic, seed: int) -> None:
        self._synthetic, self._seed = synthetic, seed
        self._begun: dict[int, tuple[float, list[float]]] = {}

    def begin(self, number: int, params: Mapping[str, Any]) -> None:
        curve = self._synthetic.curve(params, 100_003 * self._seed + number)
        self._begun[number] = self._synthetic.final_deg(params), curve

    def mae_deg(self, number: int, epoch: int) -> float:
        return self._begun[number][1][epoch - 1]

    def true_deg(self, number: int) -> float:
        return self._begun[number][0]


BUDGETS = {"quickstart": 252, "longer": 252, "crossing": 540, "reliable": 540}
"""Epochs of a search: 36, 9, 20 and 20 full designs' worth."""


def problem_of(name: str, times: float = 1.0) -> Problem:
    """Return a problem by its name, with so many times its budget."""
    budget_epochs = round(times * BUDGETS[name])
    if name in SYNTHETIC:
        return SyntheticProblem(SYNTHETIC[name], budget_epochs)
    return RecordedProblem(name, budget_epochs)
