"""Puts a search together from the study, the place that it runs on, and those who watch it."""

from __future__ import annotations

from collections.abc import Callable

from hpsearch.driver.allocation import Budget
from hpsearch.driver.jobs import JobFactory
from hpsearch.driver.observers import Observers
from hpsearch.driver.preparation import Preparation
from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.screen import Show
from hpsearch.driver.search import Search, SearchPlan
from hpsearch.driver.stopped import StoppedTrials
from hpsearch.results.kept_board import keep_board
from hpsearch.results.overview import keep_overview
from hpsearch.study.input_changes import check_inputs
from hpsearch.study.records import StudyRecord, TrialRecord
from hpsearch.study.study import Study
from hpsearch.tracking.tracker import Tracker
from hpsearch.work.backend import Workplace
from trainables.base.seldom import Seldom


def assemble(
    study: Study,
    place: Workplace,
    preparation: Preparation,
    tracker: Tracker,
    say: Callable[[str], None],
    show: Show,
) -> Search:
    """Return the search of a study; `say` shows a line, `show` the study after every change."""

    overview = Seldom(lambda: keep_overview(study.folder, study.record))
    board = Seldom(lambda: keep_board(study.folder, study.record))

    def on_change(record: StudyRecord, trial: TrialRecord) -> None:
        tracker.sync(record, trial)
        show(record, trial)
        overview()
        board()

    spec = study.spec
    budget = spec.search.budget
    plan = SearchPlan(
        budget=Budget(
            trials=spec.trials,
            epochs=budget.epochs,
            deadline_s=None if budget.hours is None else place.now_s() + budget.hours * 3600,
        ),
        ahead=place.in_parallel,
        confirm=spec.search.confirm,
        leaders=spec.search.leaders,
    )
    jobs = JobFactory(preparation.datasets, place.resources)
    pretrainings = Pretrainings(preparation.store, jobs, tracker.sync_pretraining, say)
    stopped = StoppedTrials(study.folder, spec.search.frozen_gb, say)
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
