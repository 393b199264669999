"""The one path: a YAML file in, the best design out. Everything else is a detail of one of these steps."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ruamel.yaml import YAML

from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.ray_backend import check_address, cluster, gpus_in_cluster, run_trials, side_by_side
from hpsearch.driver.search import Search, Start
from hpsearch.driver.work import TrialResources
from hpsearch.results.leaderboard import render
from hpsearch.study.lock import study_lock
from hpsearch.study.provenance import gather_provenance
from hpsearch.study.records import StudyRecord, TrialRecord
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.study.store import SPACE, check_unchanged, datasets_folder, pretrained_folder, studies_folder
from hpsearch.study.study import Study, open_study
from hpsearch.tracking import PATIENCE_S, Tracker, default_uri
from trainables.base.disk import ensure_folder, is_full
from trainables.base.errors import Fault, InputError
from trainables.model.inits import InitConfig, InitRequest
from trainables.model.network import TRUNK_VALUES
from trainables.training.build import Progress, TrainingData, ensure_data
from trainables.training.checkpoints import BEST_WEIGHTS, checkpoints_bytes
from trainables.training.config import DataConfig, TrainConfig

BEST_CONFIG = "best.yaml"
"""The winner: the same file as the space, without holes."""


class Screen(Protocol):
    """What a person sees of a launch."""

    def say(self, text: str) -> None:
        """Show a line."""
        ...

    def building(self, what: str) -> AbstractContextManager[Progress]:
        """Show how far the building of a dataset is."""
        ...

    def searching(
        self, spec: StudySpec, resources: TrialResources, concurrent: int
    ) -> AbstractContextManager[Callable[[StudyRecord], None]]:
        """Show the search; the function it gives is called with every change."""
        ...


def launch(
    file: Path, *, root: Path, trials: int | None, address: str | None, verbose: bool, screen: Screen
) -> StudyRecord:
    """Run the search that `file` describes, or go on with it, and return what came of it.

    Raises `InputError` before anything starts where the input is at fault, and `KeyboardInterrupt` after
    everything was written where a person stops it: launching again goes on.
    """
    spec = load_spec(file, trials=trials)
    if address is not None:
        check_address(address)
    root = root.absolute()
    folder = ensure_folder(studies_folder(root) / spec.name)
    with study_lock(folder):
        check_unchanged(folder, spec)
        prepare = _Preparation(datasets_folder(root), pretrained_folder(root), screen)
        data = prepare.data(spec.config(next(spec.space.probes())))
        prepare.check(spec)
        shutil.copyfile(file, folder / SPACE)
        study = open_study(folder, spec, gather_provenance(spec, data))
        with cluster(address, verbose), _tracked(root, spec, study, screen) as tracker:
            resources = resolve_resources(spec)
            check_precision(spec, resources)
            check_room(spec, side_by_side(resources), folder)
            with screen.searching(spec, resources, side_by_side(resources)) as show:

                def on_change(record: StudyRecord, trial: TrialRecord) -> None:
                    tracker.sync(record, trial)
                    show(record)

                search = Search(
                    study,
                    on_change=on_change,
                    say=screen.say,
                    datasets=prepare.datasets,
                    resources=resources,
                    ahead=side_by_side(resources),
                    trials=spec.trials,
                    deadline_s=_deadline_s(spec),
                    confirm=spec.search.confirm,
                    leaders=spec.search.leaders,
                    prepare=prepare,
                    pretrainings=Pretrainings(
                        prepare.store, prepare.datasets, resources, tracker.sync_pretraining, screen.say
                    ),
                )
                show(study.record())
                run_trials(
                    search,
                    resources,
                    retries=spec.search.retries,
                    epoch_timeout_s=spec.search.epoch_timeout_s,
                    verbose=verbose,
                )
                search.tidy()
        return study.record()


@contextmanager
def _tracked(root: Path, spec: StudySpec, study: Study, screen: Screen) -> Iterator[Tracker]:
    """Mirror the study into MLflow while the block runs; write the winner, whatever ends the block."""
    tracker = Tracker(default_uri(root), spec.name, study.folder, root / "mlartifacts", screen.say)
    record = study.record()
    for trial in record.trials:  # what an earlier launch could not write
        tracker.sync(record, trial)
    patience_s, files = PATIENCE_S, []
    try:
        try:
            yield tracker
        finally:
            files = write_results(spec, study.record())
    except OSError as error:
        if is_full(error):  # MLflow's store is on that disk too
            patience_s = 0.0
        raise
    finally:  # its thread would keep the process from ending
        tracker.close(study.record(), files, patience_s)


def write_results(spec: StudySpec, record: StudyRecord) -> list[Path]:
    """Write the leaderboard, and the winner's config and weights; return the files."""
    leaderboard = record.folder / "leaderboard.csv"
    leaderboard.write_text(render(record, "csv"), encoding="utf-8")
    files = [record.folder / SPACE, leaderboard]
    best = record.best
    if best is not None:
        config = record.folder / BEST_CONFIG
        with config.open("w", encoding="utf-8") as out:
            out.write(f"# Trial {best.number} of {record.name}: {record.objective} = {best.objective:.4f}\n")
            YAML().dump(spec.space.fill(best.params), out)
        shutil.copyfile(best.folder / BEST_WEIGHTS, record.folder / BEST_WEIGHTS)
        files.append(config)
    return files


def resolve_resources(spec: StudySpec) -> TrialResources:
    """Return what a trial takes of the cluster that is connected."""
    wanted = spec.search.resources
    gpus = wanted.gpus if wanted.gpus != "auto" else min(1.0, gpus_in_cluster())
    return TrialResources(wanted.cpus, gpus, None if wanted.concurrent == "auto" else wanted.concurrent)


def check_precision(spec: StudySpec, resources: TrialResources) -> None:
    """Refuse mixed precision where trials have no GPU. Raises `InputError`."""
    mixed = any(spec.config(params).precision == "mixed" for params in spec.space.probes())
    if mixed and not resources.gpus:
        line = spec.document.line(("precision",))
        fault = "'mixed' needs a GPU, and trials have none: 'auto' takes it where there is one"
        raise InputError(Fault(fault, "precision", spec.document.file, line))


def check_room(spec: StudySpec, concurrent: int, folder: Path) -> None:
    """Refuse to begin where the checkpoints of so many trials at once cannot fit. Raises `InputError`.

    Counted is the trunk alone: what passes may still fill the disk, what is refused would.
    """
    backbones = {spec.config(params).network.backbone for params in spec.space.probes()}
    weights = max(TRUNK_VALUES[backbone] for backbone in backbones)
    needed_mib, free_mib = concurrent * checkpoints_bytes(weights) >> 20, shutil.disk_usage(folder).free >> 20
    if needed_mib > free_mib:
        raise InputError(
            f"the checkpoints of trials side by side, {concurrent} of them, need {needed_mib} MiB, and "
            f"{free_mib} MiB are free below {folder}: make room, give another --root, or lower "
            "search.resources.concurrent"
        )


def _deadline_s(spec: StudySpec) -> float | None:
    hours = spec.search.budget.hours
    return None if hours is None else time.monotonic() + hours * 3600


@dataclass
class _Preparation:
    """Builds the datasets that trials need and finds where their trunks start, each once."""

    datasets: Path
    store: Path
    screen: Screen
    _starts: dict[tuple[InitConfig, InitRequest], Start] = field(default_factory=dict)
    _ready: set[DataConfig] = field(default_factory=set)

    def __call__(self, config: TrainConfig) -> Start:
        """Build what a trial needs; return where its trunk starts. Raises `InputError` where it cannot."""
        if config.data not in self._ready:
            self.data(config)
        key = (config.init, config.init_request)
        if key not in self._starts:
            self._starts[key] = config.init.trunk(
                config.init_request, datasets=self.datasets, store=self.store
            )
        return self._starts[key]

    def data(self, config: TrainConfig) -> TrainingData:
        with self.screen.building("rendered-heads") as progress:
            data = ensure_data(config, self.datasets, progress)
        self._ready.add(config.data)
        return data

    def check(self, spec: StudySpec) -> None:
        """Find every start that the space can reach, and build the data that its pretraining needs.

        Raises `InputError` with all that are not to be had.
        """
        configs = map(spec.config, (*spec.space.probes(), *spec.space.pairs()))
        faults: dict[Fault, None] = {}
        for config in {(config.init, config.init_request): config for config in configs}.values():
            try:
                self(config)
            except InputError as error:
                faults |= dict.fromkeys(error.faults)
        if faults:
            raise InputError(list(faults))
