"""`launch`: the steps from a search space file to a finished study, in order."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from hpsearch.driver.assembly import assemble
from hpsearch.driver.conclusion import concluded, in_haste
from hpsearch.driver.failures import TrialsFail
from hpsearch.driver.patience import InputsLost
from hpsearch.driver.preparation import Preparation
from hpsearch.driver.request import LaunchRequest
from hpsearch.driver.screen import Screen
from hpsearch.driver.stop_requests import stop_obeyed
from hpsearch.study.claim import claimed
from hpsearch.study.folders import datasets_folder, machines_folder, pretrained_folder, studies_folder
from hpsearch.study.input_changes import InputsChanged, look_at_inputs
from hpsearch.study.needs import needs_of
from hpsearch.study.opening import open_study
from hpsearch.study.provenance import gather_provenance
from hpsearch.study.records import LaunchRecord, Provenance, StudyRecord
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.study.store import changes, keep_space
from hpsearch.study.study import Study
from hpsearch.study.trial_log import Log
from hpsearch.tracking.address import address_faults
from hpsearch.tracking.tracker import Tracker
from hpsearch.work.backend import Backend, NoWorkerLeft, Workplace
from hpsearch.work.network_costs import NetworkCosts, cpu_name
from hpsearch.work.resources import check_precision, check_room
from trainables.base.errors import InputError
from trainables.training.metric_names import LATENCY

FAILED = 1
"""The exit status of a launch that lost what it ran on."""


def launch(request: LaunchRequest, screen: Screen, backend: Backend) -> StudyRecord:
    """Run the search that is asked for on a backend, or continue it, and return the study.

    Raises `InputError` with every fault of the input before anything starts: then no study and no experiment
    is left behind. Raises `KeyboardInterrupt` after everything was written where the user stops it: launching
    again goes on. Where Ray's head or node is gone, everything is written too, and the process ends with
    status 1.
    """
    if threading.current_thread() is not threading.main_thread():
        raise InputError("launch from the main thread: only there Ctrl-C and `hpsearch stop` end a search")
    spec = load_spec(request.space, trials=request.trials, epochs=request.epochs)
    screen.planned(spec)
    backend.check()
    root = request.root.absolute()
    folder = studies_folder(root) / spec.name
    preparation = Preparation(datasets_folder(root), pretrained_folder(root), screen.building)
    with claimed(folder, spec.datasets) as claim, stop_obeyed(claim), ExitStack() as after_work:
        screen.doing("looking at the data")
        provenance = _prepare(spec, root, folder, preparation, screen)
        costs = _costs(spec, root, screen)
        with backend.opened(spec, folder, preparation.datasets, screen) as place:
            check_precision(spec, place.resources)
            check_room(spec, place.in_parallel, folder)
            claim.begin()
            study = open_study(folder, spec, provenance, costs)
            _say_other_versions(study, screen)
            _say_where_latencies_are_of(study, screen)
            keep_space(spec, folder)
            with (
                concluded(root, study, claim, screen) as tracker,
                place.watched(in_haste(study, tracker, screen)),
            ):
                _search(study, preparation, place, tracker, screen, after_work)
        return study.record()


def _prepare(
    spec: StudySpec, root: Path, folder: Path, preparation: Preparation, screen: Screen
) -> Provenance:
    """Build what can be built of a search's data and return its provenance. Raises `InputError`.

    What the last check of a dataset found is said.
    """
    needs = needs_of(spec, preparation.datasets)
    if faults := [*address_faults(root, spec.search.tracking), *changes(folder, spec), *needs.faults]:
        raise InputError(faults)
    for need in needs.datasets:
        for text in need.odd:
            screen.say(f"{need.name}: {text}")
    data = preparation.data(spec.config(next(spec.space.probes())))
    preparation.check(spec)
    inputs = look_at_inputs(spec, folder, preparation.datasets)
    return replace(gather_provenance(spec, data), inputs=inputs)


def _costs(spec: StudySpec, root: Path, screen: Screen) -> NetworkCosts:
    """Find out what the networks of a search cost, as far as it looks at that: before anything trains."""
    costs = NetworkCosts(spec.costs, spec.search.bounds, machines_folder(root), screen.say)
    if spec.costs:
        screen.doing("looking at what the networks cost")
        costs.look_at(spec.configs)
    return costs


def _say_other_versions(study: Study, screen: Screen) -> None:
    for row, origin in study.provenance.plugins.items():
        *earlier, now = origin.versions
        if earlier:
            screen.say(
                f"{row}: earlier trials of this study ran with {origin.package} {', '.join(earlier)}, new "
                f"ones run with {now}: compare them only where the versions train alike"
            )


def _say_where_latencies_are_of(study: Study, screen: Screen) -> None:
    if LATENCY not in study.spec.costs:
        return
    first, here = study.latencies_measured_on(cpu_name()), cpu_name()
    if first != here:
        screen.say(
            f"the first latencies of this study were measured on {first}, new ones are on {here}: do not "
            "compare them with each other"
        )


def _search(
    study: Study,
    preparation: Preparation,
    place: Workplace,
    tracker: Tracker,
    screen: Screen,
    after_work: ExitStack,
) -> None:
    """Search until the budget is spent or no worker is left, which ends the process with status 1.

    `after_work` ends when the workers have: a pretraining is nobody else's before.
    """
    spec, settings = study.spec, study.spec.search
    launched = _launch_record(spec, place.in_parallel)
    study.launched(launched)
    with screen.searching(spec, place.resources, place.in_parallel) as show:
        show(study.record(), None)
        say = Log(study.folder).spoken(screen.say)
        search = assemble(study, place, preparation, tracker, say, show)
        after_work.callback(search.close)
        try:
            place.run(search, retries=settings.retries, epoch_timeout_s=settings.epoch_timeout_s)
        except (NoWorkerLeft, InputsChanged, InputsLost, TrialsFail) as error:
            screen.interrupted(str(error))
            raise SystemExit(FAILED) from None
        search.remove_leftovers()
        study.launched(replace(launched, ended_s=time.time()))


def _launch_record(spec: StudySpec, in_parallel: int) -> LaunchRecord:
    budget = spec.search.budget
    return LaunchRecord(spec.trials, budget.epochs, budget.hours, in_parallel, began_s=time.time())
