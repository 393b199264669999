"""The table of contenders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from optuna.pruners import HyperbandPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from problems import Problem
from simulation import Contest

from contenders.fixed_epochs import FixedEpochs
from contenders.optuna_alone import OptunaAlone
from contenders.ours import Ours

FIRST, FACTOR = 3, 3
"""Epochs before the first rung, and one of how many goes on there, for every contender with rungs."""

HALVING = (
    f"pruner: {{successive_halving: {{warmup_epochs: {FIRST}, reduction_factor: {FACTOR}, ranking: %s}}}}"
)
BY_FAMILY, BY_ERROR = (HALVING % ranking for ranking in ("family", "all"))


class Contender(Protocol):
    """A search that can begin."""

    def begin(self, problem: Problem, folder: Path, seed: int) -> Contest:
        """Return a search of a problem in an empty folder."""
        ...


def tpe(seed: int) -> BaseSampler:
    """As Optuna has it."""
    return TPESampler(seed=seed)


def random(seed: int) -> BaseSampler:
    """Independent draws."""
    return RandomSampler(seed=seed)


def old_tpe(seed: int) -> BaseSampler:
    """As version 0.1 had it."""
    return TPESampler(n_startup_trials=6, seed=seed)


def stopping(epochs: int) -> SuccessiveHalvingPruner:
    """Halving that stops for good."""
    return SuccessiveHalvingPruner(min_resource=FIRST, reduction_factor=FACTOR)


def hyperband(epochs: int) -> HyperbandPruner:
    """Several of them in parallel."""
    return HyperbandPruner(min_resource=FIRST, max_resource=epochs, reduction_factor=FACTOR)


def unpruned(epochs: int) -> NopPruner:
    """Full runs for all."""
    return NopPruner()


class Sampler:
    """A sampler that no study can name."""

    def __init__(self, make: Callable[[int], BaseSampler]) -> None:
        self._make = make

    def build(self, seed: int) -> BaseSampler:
        """Return Optuna's sampler, seeded."""
        return self._make(seed)


def ungrouped(seed: int) -> BaseSampler:
    """TPE as Optuna has it: values that not every design has are modelled one by one."""
    return TPESampler(n_startup_trials=6, seed=seed)


@dataclass(frozen=True)
class Imported:
    """A contender of a package that is imported when a search with it begins: no other search needs it."""

    make: Callable[[], Contender]

    def begin(self, problem: Problem, folder: Path, seed: int) -> Contest:
        """Return a search of a problem in an empty folder."""
        return self.make().begin(problem, folder, seed)


def ray_asha() -> Contender:
    """Ray Tune's."""
    from contenders.ray_asha import OptunaSearchAsha

    return OptunaSearchAsha(FIRST)


def smac() -> Contender:
    """SMAC3's."""
    from contenders.smac_hyperband import Smac

    return Smac(FIRST)


CONTENDERS: Mapping[str, Contender] = {
    "hpsearch": Ours(BY_FAMILY),
    "hpsearch, ranking all": Ours(BY_ERROR),
    "hpsearch, TPE not grouped": Ours(BY_FAMILY, Sampler(ungrouped)),
    "hpsearch, all experience": Ours(BY_FAMILY, all_experience=True),
    "hpsearch, random": Ours(f"sampler: random, {BY_FAMILY}"),
    "hpsearch 0.1: TPE, stopping": OptunaAlone(old_tpe, stopping, learns_from_stopped=False),
    "TPE alone": OptunaAlone(tpe, unpruned),
    "random alone": OptunaAlone(random, unpruned),
    "TPE, Hyperband": OptunaAlone(tpe, hyperband),
    "fixed epochs, then full": FixedEpochs(FIRST),
    "OptunaSearch, ASHA": Imported(ray_asha),
    "SMAC3, Hyperband": Imported(smac),
}
"""Name -> contender."""

SLOW = frozenset({"SMAC3, Hyperband"})
"""Contenders that run with fewer seeds."""
