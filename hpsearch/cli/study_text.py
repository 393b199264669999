"""Studies in plain text: one line each for `list`, and how one stands for `status`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from hpsearch.cli.live_table import Plan, time_left_s
from hpsearch.cli.output import labelled
from hpsearch.results.formats import duration
from hpsearch.study.journal.journal import JOURNAL
from hpsearch.study.lock import holder_of
from hpsearch.study.naming import run_name, short_names
from hpsearch.study.records import StudyRecord, StudyState, TrialRecord, TrialState
from hpsearch.study.store import state_of
from trainables.training.metric_names import IMAGES_PER_S

TITLES = ("study", "state", "trials", "epochs", "best", "changed")
GAP = "  "
LABEL = 9
"""Characters of a label of `status`, its gap included."""


def list_row(study: StudyRecord) -> tuple[str, ...]:
    """Return a study's cells in the table of `list`: counts with their budget, the best objective."""
    launch, best = study.launch, study.best
    return (
        study.name,
        state_of(study).value,
        _of(_ended(study), launch.trials if launch else None),
        _of(_epochs(study), launch.epochs if launch else None),
        "" if best is None or best.objective is None else study.objective.shown(best.objective),
        changed(study.folder),
    )


def changed(folder: Path) -> str:
    """Return when the journal of a study was written last."""
    journal = folder / JOURNAL
    return _time(journal.stat().st_mtime) if journal.is_file() else ""


def list_table(rows: Sequence[Sequence[str]]) -> str:
    """Return the table of `list`."""
    cells = [TITLES, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(TITLES))]
    lines = (GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def status(study: StudyRecord, width: int, now_s: float) -> str:
    """Return how a study stands at the Unix time `now_s`, in lines of `width` characters."""
    facts = labelled(_facts(study, now_s), LABEL, width)
    return "\n".join([f"{study.name}: {state_of(study).value}", *facts])


def _facts(study: StudyRecord, now_s: float) -> Iterator[tuple[str, str]]:
    launch, holder, state = study.launch, holder_of(study.folder), state_of(study)
    if holder is not None:
        yield "runs", f"process {holder.pid} on {holder.host} since {holder.since.replace('T', ' ')}"
    counts = {state: sum(trial.state is state for trial in study.searched) for state in TrialState}
    states = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    trials = f"{_of(_ended(study), launch.trials if launch else None)} ended"
    yield "trials", trials + (f" ({states})" if states else "")
    if again := [trial for trial in study.trials if trial.confirms is not None]:
        done = sum(trial.state is TrialState.COMPLETE for trial in again)
        yield "again", f"{done} of {len(again)} begun confirmations complete"
    yield "epochs", f"{_of(_epochs(study), launch.epochs if launch else None)} trained"
    yield "best", _best(study)
    running = [trial for trial in study.trials if trial.state is TrialState.RUNNING]
    for index, trial in enumerate(running):
        yield "" if index else "now", _now(study, trial, now_s)
    if launch is not None and holder is not None:
        plan = Plan(launch.trials, launch.side_by_side, launch.deadline_s, launch.epochs)
        left_s = time_left_s(study, plan, now_s)
        yield "left", "not known yet" if left_s is None else f"about {duration(left_s)} of the search"
    if state is StudyState.INTERRUPTED:
        yield "next", f"launch its search space again to go on; it is kept as {study.folder / 'space.yaml'}"


def _best(study: StudyRecord) -> str:
    best = study.best
    if best is None or best.objective is None:
        return "no trial is complete yet"
    ratio = study.over_training_mean(best.objective)
    return (
        f"{study.objective.name} {best.objective:.2f}, {ratio:.2f} of the training mean's: "
        f"trial {run_name(best, short_names([best]))}"
    )


def _now(study: StudyRecord, trial: TrialRecord, now_s: float) -> str:
    parts = [
        f"trial {run_name(trial, short_names([trial]))}: epoch {len(trial.epochs)}/{trial.config.epochs}"
    ]
    if trial.objective is not None:
        parts.append(f"{study.objective.name} {trial.objective:.2f}")
    if trial.epochs and IMAGES_PER_S in trial.epochs[-1]:
        parts.append(f"{trial.epochs[-1][IMAGES_PER_S]:.0f} images/s")
    if trial.placement is not None:
        parts.append(f"{trial.placement.device} of {trial.placement.host}")
    parts.append(f"began {duration(max(now_s - trial.started_s, 0.0))} ago")
    return ", ".join(parts)


def _ended(study: StudyRecord) -> int:
    going = (TrialState.RUNNING, TrialState.INTERRUPTED)
    return sum(trial.state not in going for trial in study.searched)


def _epochs(study: StudyRecord) -> int:
    return sum(len(trial.epochs) for trial in study.searched)


def _of(done: int, limit: int | None) -> str:
    return str(done) if limit is None else f"{done} of {limit}"


def _time(unix_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix_s))
