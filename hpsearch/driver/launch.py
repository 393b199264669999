"""`launch`: the steps from a search space file to a finished study, in order."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
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
from hpsearch.study.claim import claimed
from hpsearch.study.folders import datasets_folder, pretrained_folder, studies_folder
from hpsearch.study.input_changes import InputsChanged, check_inputs, look_at_inputs
from hpsearch.study.needs import needs_of
from hpsearch.study.provenance import gather_provenance
from hpsearch.study.records import LaunchRecord, Provenance, StudyRecord, TrialRecord
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.study.store import SPACE, changes
from hpsearch.study.study import Study, open_study
from hpsearch.study.trial_log import Log
from hpsearch.tracking import PATIENCE_S, Tracker, relocate, tracking_uri
from hpsearch.tracking.location import artifacts_folder
from hpsearch.work.backend import Backend, NoWorkerLeft, Watcher, Workplace
from hpsearch.work.resources import TrialResources, check_precision, check_room
from trainables.base.disk import is_full
from trainables.base.errors import InputError
from trainables.training.build import Progress

FAILED = 1
"""The exit status of a launch that lost what it ran on."""

HASTE_S = 10.0
"""How long a launch whose cluster is gone waits for an unavailable MLflow: Ray ends the process soon."""


Show = Callable[[StudyRecord, TrialRecord | None], None]
"""Shows a study in which a trial has changed; None: at the beginning."""


class Screen(Watcher, Protocol):
    """What a person sees of a launch."""

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


def launch(request: LaunchRequest, screen: Screen, backend: Backend) -> StudyRecord:
    """Run the search that is asked for on a backend, or continue it, and return the study.

    Raises `InputError` with every fault of the input before anything starts: then no study and no experiment
    is left behind. Raises `KeyboardInterrupt` after everything was written where a person stops it: launching
    again goes on. Where the head of a cluster is gone, everything is written too, and the process ends with
    status 1.
    """
    spec = load_spec(request.space, trials=request.trials, epochs=request.epochs)
    screen.planned(spec)
    backend.check()
    root = request.root.absolute()
    folder = studies_folder(root) / spec.name
    preparation = Preparation(datasets_folder(root), pretrained_folder(root), screen.building)
    with claimed(folder, spec.datasets), stop_obeyed(folder):
        screen.doing("looking at the data")
        provenance = _prepare(spec, folder, preparation)
        with backend.opened(spec, folder, preparation.datasets, screen) as place:
            check_precision(spec, place.resources)
            check_room(spec, place.side_by_side, folder)
            study = open_study(folder, spec, provenance)  # from here on it has begun
            shutil.copyfile(request.space, folder / SPACE)
            with (
                _tracked(root, spec, study, screen) as tracker,
                place.watched(_ending(spec, study, tracker, screen)),
            ):
                _search(spec, study, preparation, place, tracker, screen)
        return study.record()


def _prepare(spec: StudySpec, folder: Path, preparation: Preparation) -> Provenance:
    """Build what can be built of a search's data and return its provenance. Raises `InputError`."""
    if faults := [*changes(folder, spec), *needs_of(spec, preparation.datasets).faults]:
        raise InputError(faults)
    data = preparation.data(spec.config(next(spec.space.probes())))
    preparation.check(spec)
    inputs = look_at_inputs(spec, folder, preparation.datasets)
    return replace(gather_provenance(spec, data), inputs=inputs)


def _search(
    spec: StudySpec,
    study: Study,
    preparation: Preparation,
    place: Workplace,
    tracker: Tracker,
    screen: Screen,
) -> None:
    """Search until the budget is spent or no worker is left, which ends the process with status 1."""
    launched = _launch_record(spec, place.side_by_side)
    study.launched(launched)
    with screen.searching(spec, place.resources, place.side_by_side) as show:
        show(study.record(), None)
        say = Log(study.folder).spoken(screen.say)
        search = _build_search(spec, study, place, preparation, tracker, say, show)
        settings = spec.search
        try:
            place.run(search, retries=settings.retries, epoch_timeout_s=settings.epoch_timeout_s)
        except (NoWorkerLeft, InputsChanged) as error:
            screen.interrupted(str(error))
            raise SystemExit(FAILED) from None
        search.remove_leftovers()
        study.launched(replace(launched, ended_s=time.time()))


def _launch_record(spec: StudySpec, side_by_side: int) -> LaunchRecord:
    budget = spec.search.budget
    return LaunchRecord(spec.trials, budget.epochs, budget.hours, side_by_side, began_s=time.time())


def _build_search(
    spec: StudySpec,
    study: Study,
    place: Workplace,
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
            deadline_s=None if budget.hours is None else place.now_s() + budget.hours * 3600,
        ),
        ahead=place.side_by_side,
        confirm=spec.search.confirm,
        leaders=spec.search.leaders,
    )
    jobs = JobFactory(preparation.datasets, place.resources)
    pretrainings = Pretrainings(preparation.store, jobs, tracker.sync_pretraining, say)
    stopped = StoppedTrials(study.folder, spec.search.frozen_gb)
    observers = Observers(study.record(), on_change, say)
    inputs = study.record().provenance.inputs
    return Search(
        study,
        plan,
        jobs,
        observers,
        preparation.start,
        pretrainings,
        stopped,
        lambda: check_inputs(spec.name, inputs, preparation.datasets),
        place.now_s,
    )


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
