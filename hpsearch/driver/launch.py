"""`launch`: the steps from a search space file to a finished study, in order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from hpsearch.driver.allocation import Budget
from hpsearch.driver.jobs import JobFactory
from hpsearch.driver.observers import Observers
from hpsearch.driver.outcome import summaries, write_outcome, write_page
from hpsearch.driver.preparation import Preparation
from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.request import LaunchRequest
from hpsearch.driver.search import Search, SearchPlan
from hpsearch.driver.stop_requests import stop_obeyed
from hpsearch.driver.stopped import StoppedTrials
from hpsearch.ray.authentication import check_token
from hpsearch.ray.backend import run_work
from hpsearch.ray.cluster import cluster, head_address, joined_address, side_by_side
from hpsearch.ray.gpus import resources_in_cluster
from hpsearch.ray.head import FAILED, head_watched
from hpsearch.ray.nodes import Nodes, NoNodeLeft, Probe
from hpsearch.ray.resources import TrialResources, check_precision, check_room
from hpsearch.ray.scratch import scratch_folder
from hpsearch.study.claim import claimed
from hpsearch.study.folders import datasets_folder, pretrained_folder, studies_folder
from hpsearch.study.needs import needs_of
from hpsearch.study.plugins import plugins_of
from hpsearch.study.provenance import gather_provenance
from hpsearch.study.records import LaunchRecord, Provenance, StudyRecord, TrialRecord
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.study.store import SPACE, changes
from hpsearch.study.study import Study, open_study
from hpsearch.study.trial_log import Log
from hpsearch.tracking import PATIENCE_S, Tracker, relocate, tracking_uri
from hpsearch.tracking.location import artifacts_folder
from trainables.base.disk import is_full
from trainables.base.errors import InputError
from trainables.base.shared_folder import SharedFolder, shared
from trainables.training.build import Progress

HASTE_S = 10.0
"""How long a launch whose cluster is gone waits for an unavailable MLflow: Ray ends the process soon."""


Show = Callable[[StudyRecord, TrialRecord | None], None]
"""Shows a study in which a trial has changed; None: at the beginning."""


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
    ) -> AbstractContextManager[Show]:
        """Show the search; the function it gives is called with every change."""
        ...

    def interrupted(self, why: str) -> None:
        """Say why a launch ended, and how to go on."""
        ...


@dataclass(frozen=True)
class _Workplace:
    """The cluster that is connected: its nodes, what a trial takes of them, and how many run in parallel.

    `folder` is the study's where all nodes must see it, None on one machine.
    """

    nodes: Nodes
    resources: TrialResources
    side_by_side: int
    folder: SharedFolder | None
    scratch: Path


def launch(request: LaunchRequest, screen: Screen, *, verbose: bool = False) -> StudyRecord:
    """Run the search that is asked for, or continue it, and return the study.

    Raises `InputError` with every fault of the input before anything starts: then no study and no experiment
    is left behind. Raises `KeyboardInterrupt` after everything was written where a person stops it: launching
    again goes on. Where the head of the cluster is gone, everything is written too, and the process ends with
    status 1.
    """
    spec = load_spec(request.space, trials=request.trials, epochs=request.epochs)
    screen.planned(spec)
    check_token(request.without_token)
    address, root = joined_address(request.address), request.root.absolute()
    folder = studies_folder(root) / spec.name
    preparation = Preparation(datasets_folder(root), pretrained_folder(root), screen.building)
    with claimed(folder, spec.datasets), stop_obeyed(folder):
        screen.doing("looking at the data")
        provenance = _prepare(spec, folder, preparation)
        screen.doing("starting the workers" if address is None else f"joining the cluster at {address}")
        with (
            scratch_folder() as scratch,
            cluster(address, scratch, without_token=request.without_token, verbose=verbose),
            nullcontext() if address is None else shared(folder) as shared_folder,
        ):
            screen.doing("asking what trials may take")
            with _head_watched(address, screen.interrupted):
                place = _workplace(spec, folder, preparation.datasets, shared_folder, scratch, screen)
            study = open_study(folder, spec, provenance)  # from here on it has begun
            shutil.copyfile(request.space, folder / SPACE)
            with (
                _tracked(root, spec, study, screen) as tracker,
                _head_watched(address, _ending(spec, study, tracker, screen)),
            ):
                _search(spec, study, preparation, place, tracker, screen, verbose=verbose)
        return study.record()


def _prepare(spec: StudySpec, folder: Path, preparation: Preparation) -> Provenance:
    """Build what can be built of a search's data and return its provenance. Raises `InputError`."""
    if faults := [*changes(folder, spec), *needs_of(spec, preparation.datasets).faults]:
        raise InputError(faults)
    data = preparation.data(spec.config(next(spec.space.probes())))
    preparation.check(spec)
    return gather_provenance(spec, data)


def _workplace(
    spec: StudySpec,
    folder: Path,
    datasets: Path,
    shared_folder: SharedFolder | None,
    scratch: Path,
    screen: Screen,
) -> _Workplace:
    """Return the cluster that is connected. Raises `InputError` where it cannot run the search."""
    nodes = _probed(shared_folder, spec, _logged(folder, screen.say))
    resources = resources_in_cluster(spec, datasets, nodes, screen.say)
    place = _Workplace(nodes, resources, side_by_side(resources, nodes), shared_folder, scratch)
    check_precision(spec, resources)
    check_room(spec, place.side_by_side, folder)
    return place


def _search(
    spec: StudySpec,
    study: Study,
    preparation: Preparation,
    place: _Workplace,
    tracker: Tracker,
    screen: Screen,
    *,
    verbose: bool,
) -> None:
    """Search until the budget is spent or no node is left, which ends the process with status 1."""
    launched = _launch_record(spec, place.side_by_side)
    study.launched(launched)
    with screen.searching(spec, place.resources, place.side_by_side) as show:
        show(study.record(), None)
        say = _logged(study.folder, screen.say)
        search = _build_search(spec, study, place, preparation, tracker, say, show)
        try:
            run_work(
                search,
                place.resources,
                place.nodes,
                folder=place.folder,
                retries=spec.search.retries,
                epoch_timeout_s=spec.search.epoch_timeout_s,
                scratch=place.scratch,
                verbose=verbose,
            )
        except NoNodeLeft as error:
            screen.interrupted(str(error))
            raise SystemExit(FAILED) from None
        search.remove_leftovers()
        study.launched(replace(launched, ended_s=time.time()))


def _probed(folder: SharedFolder | None, spec: StudySpec, say: Callable[[str], None]) -> Nodes:
    """Return the nodes of the cluster, each probed; those of a launch on one machine need no probe.

    Raises `InputError` where none is fit.
    """
    if folder is None:
        return Nodes(say=say)
    gpu = spec.search.resources.gpus != 0
    nodes = Nodes(Probe.of(folder, gpu=gpu, plugins=plugins_of(spec)), say)
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
    place: _Workplace,
    preparation: Preparation,
    tracker: Tracker,
    say: Callable[[str], None],
    show: Show,
) -> Search:
    def on_change(record: StudyRecord, trial: TrialRecord) -> None:
        tracker.sync(record, trial)
        show(record, trial)

    budget = spec.search.budget
    plan = SearchPlan(
        budget=Budget(
            trials=spec.trials,
            epochs=budget.epochs,
            deadline_s=None if budget.hours is None else time.monotonic() + budget.hours * 3600,
        ),
        ahead=place.side_by_side,
        confirm=spec.search.confirm,
        leaders=spec.search.leaders,
    )
    jobs = JobFactory(preparation.datasets, place.resources)
    pretrainings = Pretrainings(preparation.store, jobs, tracker.sync_pretraining, say)
    stopped = StoppedTrials(study.folder, spec.search.frozen_gb)
    observers = Observers(study.record(), on_change, say)
    return Search(study, plan, jobs, observers, preparation.start, pretrainings, stopped)


def _head_watched(address: str | None, give_up: Callable[[str], None]) -> AbstractContextManager[None]:
    """Watch the head of a cluster, and call `give_up` where it is gone. A local one ends with the launch."""
    return nullcontext() if address is None else head_watched(head_address(), give_up)


def _ending(spec: StudySpec, study: Study, tracker: Tracker, screen: Screen) -> Callable[[str], None]:
    """Return what writes everything where a launch ends for the reason that it is called with."""

    def give_up(reason: str) -> None:
        try:
            files = write_outcome(study.record(), screen.say)
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
            files = write_outcome(study.record(), screen.say)
            files += write_page(study.record(), screen.say)
    except OSError as error:
        if is_full(error):  # MLflow's store is on that disk too
            patience_s = 0.0
        raise
    finally:  # its thread would keep the process from ending
        tracker.close(study.record(), files, patience_s, summaries(study.record()))
