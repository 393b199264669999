"""Prepares what trials need before they start: datasets, and the trunk's initial weights."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from hpsearch.study.spec import StudySpec
from trainables.base.errors import Fault, InputError
from trainables.model.heads import HeadConfig
from trainables.model.inits import InitConfig, InitRequest, Pretraining
from trainables.training.config import TrainConfig
from trainables.training.data_config import DataConfig
from trainables.training.training_data import Progress, TrainingData, ensure_data

Building = Callable[[str], AbstractContextManager[Progress]]
"""Shows how far the building of a dataset, called by its name, is."""

Start = Path | Pretraining | None
"""Where a trial's trunk starts: a file, what must be trained before, or None for random weights."""


@dataclass
class Preparation:
    """Builds the datasets that trials need and finds where their trunks start, each once.

    `datasets` and `store` are the folders of all prepared datasets and of all pretrained weights.
    """

    datasets: Path
    store: Path
    building: Building
    _starts: dict[tuple[InitConfig, InitRequest], Start] = field(default_factory=dict)
    _ready: set[tuple[DataConfig, HeadConfig, bool]] = field(default_factory=set)

    def start(self, config: TrainConfig) -> Start:
        """Build what a trial needs; return where its trunk starts. Raises `InputError` where it cannot."""
        if _wants(config) not in self._ready:
            self.data(config)
        key = (config.init, config.init_request)
        if key not in self._starts:
            self._starts[key] = config.init.trunk(
                config.init_request, datasets=self.datasets, store=self.store
            )
        return self._starts[key]

    def data(self, config: TrainConfig) -> TrainingData:
        """Build the datasets that a trial needs and open them. Raises `InputError` where it cannot."""
        with self.building("rendered-heads") as progress:
            data = ensure_data(config, self.datasets, progress)
        self._ready.add(_wants(config))
        return data

    def check(self, spec: StudySpec) -> None:
        """Find every start that the space can reach, and build the data that its pretraining needs.

        Raises `InputError` with all that cannot be had.
        """
        configs = map(spec.config, (*spec.space.probes(), *spec.space.pairs()))
        faults: dict[Fault, None] = {}
        distinct = {(config.init, config.init_request, _wants(config)): config for config in configs}
        for config in distinct.values():
            try:
                self.start(config)
            except InputError as error:
                faults |= dict.fromkeys(error.faults)
        if faults:
            raise InputError(list(faults))


def _wants(config: TrainConfig) -> tuple[DataConfig, HeadConfig, bool]:
    """Return what a trial wants of its data: which, and what for (turned images may need more labels)."""
    return config.data, config.head, config.turn_deg > 0
