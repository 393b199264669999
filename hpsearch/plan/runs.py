"""Every run that a search will do: its trials, pretrainings before them, confirmations and tests after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpsearch.results.runs_after import confirmations_after, tests_after
from hpsearch.study.spec import StudySpec
from trainables.base.errors import InputError
from trainables.data.datasets import dataset_name
from trainables.model.inits import Pretraining
from trainables.training.config import TrainConfig


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
    tests = tuple(dict.fromkeys(test.name for config in configs for test in config.data.test))
    epochs = search.budget.epochs
    return Runs(
        trials=trials,
        trial_epochs=spec.epochs,
        search_epochs=epochs if epochs is not None else None if trials is None else trials * spec.epochs,
        pretrainings=tuple(_pretrainings(configs, datasets, store)),
        confirmations=confirmations_after(spec, trials)[1],
        tested=tests_after(spec, trials)[1],
        tests=tests,
    )


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
