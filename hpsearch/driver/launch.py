"""`launch`: the steps from a search space file to a finished study, in order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from hpsearch.driver.head import FAILED, head_watched
from hpsearch.driver.jobs import JobFactory
from hpsearch.driver.observers import Observers
from hpsearch.driver.outcome import summaries, write_outcome, write_page
from hpsearch.driver.preparation import Preparation
from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.ray_authentication import check_token
from hpsearch.driver.ray_backend import run_work
from hpsearch.driver.ray_cluster import (
    address_of_job,
    check_address,
    cluster,
    head_address,
    side_by_side,
)
from hpsearch.driver.ray_gpus import resources_in_cluster
from hpsearch.driver.ray_nodes import Nodes, NoNodeLeft, Probe
from hpsearch.driver.resources import (
    TrialResources,
    check_precision,
    check_room,
)
from hpsearch.driver.scratch import scratch_folder
from hpsearch.driver.search import Search, SearchPlan
from hpsearch.driver.stop_watch import stop_obeyed
from hpsearch.driver.stopped import StoppedTrials
from hpsearch.study.allocation import Budget
from hpsearch.study.claim import claimed
from hpsearch.study.folders import datasets_folder, pretrained_folder, studies_folder
from hpsearch.study.needs import needs_of
from hpsearch.study.provenance import gather_provenance
from hpsearch.study.records import LaunchRecord, StudyRecord, TrialRecord
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.study.store import SPACE, changes
from hpsearch.study.study import Study, open_study
from hpsearch.study.trial_log import Log
from hpsearch.tracking import PATIENCE_S, Tracker, relocate, tracking_uri
from hpsearch.tracking.location import artifacts_folder
from trainables.base.disk import is_full
from trainables.base.errors import Fault, InputError
from trainables.base.shared_folder import SharedFolder, shared
from trainables.training.build import Progress

HASTE_S = 10.0
"""How long a launch whose cluster is gone waits for an unavailable MLflow: Ray ends the process soon."""


class Screen(Protocol):
    """What a person sees of a launch."""

    def say(self, text: str) -> None:
        """Show a line."""
        ...

    def doing(self, what: str) -> None:
        """Show what is being done, until something else is shown."""
        ...

    def planned(self, spec: StudySpec) -> None:
        """Show what is searched, before anything of it is done."""
        ...

    def building(self, what: str) -> AbstractContextManager[Progress]:
        """Show how far the building of a dataset is."""
        ...

    def searching(
        self, spec: StudySpec, resources: TrialResources, concurrent: int
    ) -> AbstractContextManager[Callable[[StudyRecord], None]]:
        """Show the search; the function it gives is called with every change."""
        ...

    def interrupted(self, why: str) -> None:
        """Say why a launch ended, and how to go on."""
        ...


def launch(
    file: Path,
    *,
    root: Path,
    trials: int | None,
    epochs: int | None,
    address: str | None,
    without_token: bool = False,
    verbose: bool,
    screen: Screen,
) -> StudyRecord:
    """Run the search that `file` describes, or continue it, and return the study.

    Under a Ray job it runs on the cluster of that job. `without_token` takes a Ray that whoever reaches its
    ports can use.

    Raises `InputError` with every fault of the input before anything starts: then no study and no experiment
    is left behind. Raises `KeyboardInterrupt` after everything was written where a person stops it: launching
    again goes on. Where the head of the cluster at `address` is gone, everything is written too, and the
    process ends with status 1.
    """
    spec = load_spec(file, trials=trials, epochs=epochs)
    screen.planned(spec)
    check_token(without_token)
    address = address or address_of_job()
    if address is not None:
        check_address(address)
    root = root.absolute()
    folder, datasets = studies_folder(root) / spec.name, datasets_folder(root)
    with claimed(folder), stop_obeyed(folder):
        screen.doing("looking at the data")
        _refuse([*changes(folder, spec), *needs_of(spec, datasets).faults])
        preparation = Preparation(datasets, pretrained_folder(root), screen.building)
        data = preparation.data(spec.config(next(spec.space.probes())))
        preparation.check(spec)
        provenance = gather_provenance(spec, data)
        screen.doing("starting the workers" if address is None else f"joining the cluster at {address}")
        with (
            scratch_folder() as scratch,
            cluster(address, scratch, without_token=without_token, verbose=verbose),
            nullcontext() if address is None else shared(folder) as shared_folder,
        ):
            screen.doing("asking what trials may take")
            say = _logged(folder, screen.say)
            with _head_watched(address, screen.interrupted):
                nodes = _probed(shared_folder, spec, say)
                resources = resources_in_cluster(spec, datasets, nodes, screen.say)
            concurrent = side_by_side(resources, nodes)
            check_precision(spec, resources)
            check_room(spec, concurrent, folder)
            study = open_study(folder, spec, provenance)  # from here on it has begun
            shutil.copyfile(file, folder / SPACE)
            with (
                _tracked(root, spec, study, screen) as tracker,
                _head_watched(address, _ending(spec, study, tracker, screen)),
            ):
                launched = _launch_record(spec, concurrent)
                study.launched(launched)
                with screen.searching(spec, resources, concurrent) as show:
                    show(study.record())
                    search = _build_search(
                        spec, study, resources, concurrent, preparation, tracker, say, show
                    )
                    try:
                        run_work(
                            search,
                            resources,
                            nodes,
                            folder=shared_folder,
                            retries=spec.search.retries,
                            epoch_timeout_s=spec.search.epoch_timeout_s,
                            scratch=scratch,
                            verbose=verbose,
                        )
                    except NoNodeLeft as error:
                        screen.interrupted(str(error))
                        raise SystemExit(FAILED) from None
                    search.remove_leftovers()
                    study.launched(replace(launched, ended_s=time.time()))
        return study.record()


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise InputError(faults)


def _probed(folder: SharedFolder | None, spec: StudySpec, say: Callable[[str], None]) -> Nodes:
    """Return the nodes of the cluster, each probed; those of a launch on one machine need no probe.

    Raises `InputError` where none is fit.
    """
    if folder is None:
        return Nodes()
    nodes = Nodes(Probe.of(folder, gpu=spec.search.resources.gpus != 0), say)
    nodes.probe_all()
    return nodes


def _launch_record(spec: StudySpec, side_by_side: int) -> LaunchRecord:
    budget = spec.search.budget
    return LaunchRecord(spec.trials, budget.epochs, budget.hours, side_by_side, began_s=time.time())


def _logged(folder: Path, say: Callable[[str], None]) -> Callable[[str], None]:
    """Return what shows a line and keeps it in the study's log."""
    log = Log(folder)

    def said(text: str) -> None:
        log.say(text)
        say(text)

    return said


def _build_search(
    spec: StudySpec,
    study: Study,
    resources: TrialResources,
    side_by_side: int,
    preparation: Preparation,
    tracker: Tracker,
    say: Callable[[str], None],
    show: Callable[[StudyRecord], None],
) -> Search:
    def on_change(record: StudyRecord, trial: TrialRecord) -> None:
        tracker.sync(record, trial)
        show(record)

    budget = spec.search.budget
    plan = SearchPlan(
        budget=Budget(
            trials=spec.trials,
            epochs=budget.epochs,
            deadline_s=None if budget.hours is None else time.monotonic() + budget.hours * 3600,
        ),
        ahead=side_by_side,
        confirm=spec.search.confirm,
        leaders=spec.search.leaders,
    )
    jobs = JobFactory(preparation.datasets, resources)
    pretrainings = Pretrainings(preparation.store, jobs, tracker.sync_pretraining, say)
    stopped = StoppedTrials(study.folder, spec.search.frozen_gb)
    return Search(study, plan, jobs, Observers(on_change, say), preparation.start, pretrainings, stopped)


def _head_watched(address: str | None, give_up: Callable[[str], None]) -> AbstractContextManager[None]:
    """Watch the head of a cluster, and call `give_up` where it is gone. A local one ends with the launch."""
    return nullcontext() if address is None else head_watched(head_address(), give_up)


def _ending(spec: StudySpec, study: Study, tracker: Tracker, screen: Screen) -> Callable[[str], None]:
    """Return what writes everything where a launch ends for the reason that it is called with."""

    def give_up(reason: str) -> None:
        try:
            files = write_outcome(spec, study.record(), screen.say)
            tracker.close(study.record(), files, HASTE_S, summaries(study.record()))
        finally:
            screen.interrupted(reason)

    return give_up


@contextmanager
def _tracked(root: Path, spec: StudySpec, study: Study, screen: Screen) -> Iterator[Tracker]:
    """Mirror the study into MLflow while the block runs; write the winner, whatever ends the block."""
    relocate(root)
    uri = tracking_uri(root, spec.search.tracking)
    tracker = Tracker(uri, spec.name, study.folder, artifacts_folder(root), screen.say)
    record = study.record()
    for trial in record.trials:  # what an earlier launch could not write
        tracker.sync(record, trial)
    patience_s, files = PATIENCE_S, []
    try:
        try:
            yield tracker
        finally:
            files = write_outcome(spec, study.record(), screen.say)
            files += write_page(study.record(), screen.say)
    except OSError as error:
        if is_full(error):  # MLflow's store is on that disk too
            patience_s = 0.0
        raise
    finally:  # its thread would keep the process from ending
        tracker.close(study.record(), files, patience_s, summaries(study.record()))
