"""Every run that a search will do: its trials, pretrainings before them, confirmations and tests after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpsearch.study.config import SeedsConfig, baseline_seeds
from hpsearch.study.spec import StudySpec
from trainables.base.errors import InputError
from trainables.data.datasets import dataset_name
from trainables.model.inits import Pretraining
from trainables.training.config import TrainConfig

ALWAYS_CHOSEN = 2
"""The best helper and the baseline are confirmed and tested too where they are not among the best."""


@dataclass(frozen=True)
class Runs:
    """How many runs of each kind, and their epochs at most; None where hours alone end the search."""

    trials: int | None
    trial_epochs: int
    search_epochs: int | None
    pretrainings: tuple[Pretraining, ...]
    confirmations: int
    tested: int
    tests: tuple[str, ...]

    @property
    def pretraining_epochs(self) -> int:
        """Epochs of all pretrainings."""
        return sum(each.epochs for each in self.pretrainings)

    @property
    def confirmation_epochs(self) -> int:
        """Epochs of all confirmations, at most."""
        return self.confirmations * self.trial_epochs


def plan_runs(spec: StudySpec, datasets: Path, store: Path) -> Runs:
    """Count the runs of a search; `store` is the folder of what is pretrained already."""
    search, trials, configs = spec.search, spec.trials, spec.configs
    confirm = search.confirm
    confirmed = 0 if confirm is None else _confirmations(_designs(confirm.top, trials), confirm.seeds)
    tests = tuple(dict.fromkeys(test.name for config in configs for test in config.data.test))
    epochs = search.budget.epochs
    return Runs(
        trials=trials,
        trial_epochs=spec.epochs,
        search_epochs=epochs if epochs is not None else None if trials is None else trials * spec.epochs,
        pretrainings=tuple(_pretrainings(configs, datasets, store)),
        confirmations=confirmed,
        tested=_designs(search.leaders, trials) + confirmed if tests else 0,
        tests=tests,
    )


def _designs(best: int, trials: int | None) -> int:
    """Return how many designs are looked at again at most, where the `best` are."""
    return best + ALWAYS_CHOSEN if trials is None else min(best + ALWAYS_CHOSEN, trials)


def _confirmations(designs: int, seeds: SeedsConfig) -> int:
    """Return how many runs confirm so many designs at most: the baseline is one of them."""
    if seeds.on_demand:
        return designs * seeds.max
    return (designs - 1) * seeds.max + baseline_seeds(seeds.max, designs - 1)


def _pretrainings(configs: Sequence[TrainConfig], datasets: Path, store: Path) -> list[Pretraining]:
    """Return the pretrainings that are still to be done, each once."""
    wanted: dict[str, Pretraining] = {}
    for config in configs:
        pretraining = config.init.pretraining
        if pretraining is None:
            continue
        try:
            start = config.init.trunk(config.init_request, datasets=datasets, store=store)
        except InputError:  # its dataset is not built yet
            name = dataset_name(pretraining.images(config.data.train).dataset)
            start = pretraining.planned(config.init_request, f"of {name}")
        if isinstance(start, Pretraining):
            wanted[start.name] = start
    return list(wanted.values())
