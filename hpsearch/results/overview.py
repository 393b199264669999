"""How a study stands, without its trials: what `list` and `status` show, at once however long it is.

Of a long study the driver keeps it beside the journal, and it is taken in place of reading thousands of
trials.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from hpsearch.results.kept import keep, kept
from hpsearch.results.time_left import Plan, TimeLeft, time_left
from hpsearch.study.naming import run_name, short_names
from hpsearch.study.records import LaunchRecord, StudyRecord, StudyState, TrialRecord, TrialState
from hpsearch.study.store import find_study, state_of, study_folder
from trainables.training.metric_names import IMAGES_PER_S

OVERVIEW = "overview.json"
"""The file's name in the study's folder."""

FRESH_S = 60.0
"""How old what is kept of a study that runs may be. Its driver keeps it twice as often, of 10,000 trials."""


@dataclass(frozen=True)
class RunningTrial:
    """A trial that runs: its name, epochs done and of how many, its newest figures, where, and since when."""

    name: str
    epochs: int
    of: int
    objective: float | None
    images_per_s: float | None
    place: str
    started_s: float


@dataclass(frozen=True)
class Best:
    """The best trial: its name, its objective, that as text too, and over the training mean's (None of 0)."""

    name: str
    objective: float
    shown: str
    ratio: float | None


@dataclass(frozen=True)
class Overview:
    """How a study stands. Counts and epochs leave confirmations out, which `again` counts."""

    name: str
    state: StudyState
    objective: str
    counts: Mapping[str, int]
    """Trials by the name of their state."""
    epochs: int
    again: int
    """Confirmations that were begun."""
    again_complete: int
    best: Best | None
    running: tuple[RunningTrial, ...]
    launch: LaunchRecord | None
    left: TimeLeft | None
    """About how long the launch goes on, confirmations and tests included; None: not known."""

    @property
    def ended(self) -> int:
        """The search's trials that have ended, or are frozen."""
        going = (TrialState.RUNNING, TrialState.INTERRUPTED)
        return sum(count for state, count in self.counts.items() if state not in going)


def overview_of(study: StudyRecord, now_s: float) -> Overview:
    """Return how a study stands at the Unix time `now_s`."""
    counts = {state: sum(trial.state is state for trial in study.searched) for state in TrialState}
    again = [trial for trial in study.trials if trial.confirms is not None]
    launch = study.launch
    plan = None if launch is None else _plan(launch)
    return Overview(
        name=study.name,
        state=state_of(study),
        objective=study.objective.name,
        counts={state.value: count for state, count in counts.items() if count},
        epochs=sum(len(trial.epochs) for trial in study.searched),
        again=len(again),
        again_complete=sum(trial.state is TrialState.COMPLETE for trial in again),
        best=_best(study),
        running=tuple(_running(t) for t in study.trials if t.state is TrialState.RUNNING),
        launch=launch,
        left=None if plan is None else time_left(study, plan, now_s),
    )


def find_overview(root: Path, name: str) -> Overview:
    """Return how the study called `name` stands: as it was kept where that is new enough, else as it reads.

    Raises `InputError` where there is none, and where it cannot be read.
    """
    folder = study_folder(root, name)
    if (found := kept_overview(folder)) is not None:
        return found
    study = find_study(root, name)
    if state_of(study) is not StudyState.RUNNING:  # its driver was killed: the next look shall be quick
        keep_overview(folder, lambda: study)
    return overview_of(study, time.time())


def keep_overview(folder: Path, read: Callable[[], StudyRecord]) -> None:
    """Keep how the study in `folder` stands, if it is a long one and can be written."""
    keep(folder, OVERVIEW, lambda: asdict(overview_of(read(), time.time())))


def kept_overview(folder: Path) -> Overview | None:
    """Return what was kept of a long study; None where its journal has changed since, as `kept` has it."""
    found = kept(folder, OVERVIEW, FRESH_S)
    try:
        overview = None if found is None else _read(found.values)
    except (ValueError, TypeError, LookupError, AttributeError):  # of another version
        return None
    if found is None or overview is None:
        return None
    return replace(overview, state=StudyState.RUNNING) if found.held else _left(overview)


def _read(written: dict[str, Any]) -> Overview:
    best, launch, left = written["best"], written["launch"], written["left"]
    parts = {
        "state": StudyState(written["state"]),
        "best": None if best is None else Best(**best),
        "running": tuple(RunningTrial(**trial) for trial in written["running"]),
        "left": None if left is None else TimeLeft(**left),
        "launch": None if launch is None else LaunchRecord.read(launch),
    }
    return Overview(**{**written, **parts})


def _left(overview: Overview) -> Overview:
    """Return how a study stands that nobody runs: what its launch left running is interrupted."""
    counts = dict(overview.counts)
    if running := counts.pop(TrialState.RUNNING, 0):
        counts[TrialState.INTERRUPTED] = counts.get(TrialState.INTERRUPTED, 0) + running
    ended = overview.launch is not None and overview.launch.ended_s is not None
    state = StudyState.COMPLETE if ended else StudyState.INTERRUPTED
    return replace(overview, counts=counts, running=(), state=state)


def _plan(launch: LaunchRecord) -> Plan:
    return Plan(launch.trials, launch.in_parallel, launch.deadline_s, launch.epochs)


def _best(study: StudyRecord) -> Best | None:
    best = study.best
    if best is None or best.objective is None:
        return None
    name, shown = run_name(best, short_names([best])), study.objective.shown(best.objective)
    return Best(name, best.objective, shown, study.over_training_mean(best.objective))


def _running(trial: TrialRecord) -> RunningTrial:
    return RunningTrial(
        name=run_name(trial, short_names([trial])),
        epochs=len(trial.epochs),
        of=trial.config.epochs,
        objective=trial.objective,
        images_per_s=trial.epochs[-1].get(IMAGES_PER_S) if trial.epochs else None,
        place="" if trial.placement is None else f"{trial.placement.device} of {trial.placement.host}",
        started_s=trial.started_s,
    )
