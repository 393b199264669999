"""A study as a leaderboard: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare, describe
from hpsearch.results.csv_table import csv_table
from hpsearch.results.statistics import interval
from hpsearch.results.titles import names_of
from hpsearch.study.naming import design, shared_params, short_names, shown
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.pose.angles import ANGLES
from trainables.training.metric_names import VALIDATION, angle_mae, geodesic, group_of_test, mae

Format = Literal["table", "csv", "json"]

STYLES = {
    TrialState.COMPLETE: "green",
    TrialState.PRUNED: "yellow",
    TrialState.FAILED: "red",
    TrialState.RUNNING: "cyan",
}

WIDTH_WITHOUT_TERMINAL = 200
GAP = 2
"""Characters between two columns."""
REASON = "reason"
LEAST_REASON = 24


@dataclass(frozen=True)
class Column:
    """One column of the table. Columns of high `rank` are left out first where the width does not suffice."""

    title: str
    texts: tuple[str, ...]
    rank: int
    right: bool = True


def render(study: StudyRecord, form: Format) -> str:
    """Return the leaderboard as text that ends with a newline."""
    match form:
        case "csv":
            return csv_table(records(study))
        case "json":
            return json.dumps(_summary(study) | {"trials": _finite(records(study))}, indent=2) + "\n"
        case "table":
            console = Console()
            if not console.is_terminal:
                console = Console(width=WIDTH_WITHOUT_TERMINAL)
            with console.capture() as capture:
                console.print(table(study, console.width))
            return capture.get()


def records(study: StudyRecord) -> list[dict[str, Any]]:
    """Return one flat record for each trial, best first: every column of the table and every last metric."""
    return [
        {
            "rank": rank,
            "trial": trial.number,
            "state": trial.state.value,
            "objective": trial.objective,
            "confirmed": study.confirmed(trial.number),
            "confirmations": len(study.confirmations(trial.number)),
            **_best(study, trial),
            **{f"params.{path}": value for path, value in shared_params(trial).items()},
            "epochs": len(trial.epochs),
            "reason": trial.reason,
            "seconds": None if trial.ended_s is None else round(trial.ended_s - trial.started_s, 3),
            "folder": str(trial.folder),
            **(trial.epochs[-1] if trial.epochs else {}),
            **trial.test,
        }
        for rank, trial in enumerate(study.leaderboard(), start=1)
    ]


def table(study: StudyRecord, width: int) -> RenderableType:
    """Return the table for people with the verdict below it."""
    return Group(rows(study, width), Text(summary(study)))


def rows(study: StudyRecord, width: int, top: int | None = None) -> Table:
    """Return the table alone, or its first `top` rows."""
    trials = study.leaderboard()[:top]
    columns = _fitting(_columns(study, trials), width)
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), header_style="bold")
    for column in columns:
        grid.add_column(column.title, justify="right" if column.right else "left", no_wrap=True)
    for row, trial in enumerate(trials):
        best = trial is study.best
        style = "bold" if best else "" if trial.state is TrialState.COMPLETE else "dim"
        grid.add_row(*(_cell(column, row, trial) for column in columns), style=style)
    return grid


def summary(study: StudyRecord) -> str:
    """Return the lines below the table: the best trial beside the training mean, and the verdict."""
    mean = study.provenance.baseline
    training_mean = f"Always predicting the training mean gives {mean:.2f}"
    best = study.best
    if best is None or best.objective is None:
        first = f"{training_mean} {study.objective}."
    else:
        first = (
            f"Best {study.objective}: {best.objective:.2f} (trial {best.number}). "
            f"{training_mean}: ratio {best.objective / mean:.2f}."
        )
    arms = arms_of(study)
    verdict = describe(compare(arms), names_of(arms), study.objective)
    return "\n".join((first, verdict.statement, verdict.grounds))


def _columns(study: StudyRecord, trials: Sequence[TrialRecord]) -> list[Column]:
    """Return the columns in their order on the screen."""
    names = short_names(study.trials)
    designs = [design(trial, names) for trial in trials]
    bests = [_best(study, trial) for trial in trials]
    last = [trial.epochs[-1] if trial.epochs else {} for trial in trials]
    leaf = study.objective.rpartition("/")[2]

    def column(title: str, texts: Iterable[str], rank: int, right: bool = True) -> Column:
        return Column(title, tuple(texts), rank, right)

    columns = [
        column("#", (str(rank) for rank in range(1, len(trials) + 1)), 3),
        column("trial", (str(trial.number) for trial in trials), 0),
        column("state", (trial.state.value for trial in trials), 1, right=False),
        column(leaf, (_degrees(trial.objective) for trial in trials), 0),
        column("confirmed", (_confirmed(study, trial) for trial in trials), 0),
        column("best", (_degrees(best["best"]) for best in bests), 4),
        column("at", (_count(best["best_epoch"]) for best in bests), 6),
        column("geodesic", (_degrees(row.get(geodesic(VALIDATION))) for row in last), 5),
    ]
    for angle in ANGLES:
        metric = angle_mae(VALIDATION, angle)
        columns.append(column(angle, (_degrees(row.get(metric)) for row in last), 5))
    for test in dict.fromkeys(test.name for trial in trials for test in trial.config.data.test):
        metric = mae(group_of_test(test))
        columns.append(column(f"test {test}", (_degrees(trial.test.get(metric)) for trial in trials), 1))
    for name in dict.fromkeys(names.values()):
        texts = (shown(values[name]) if name in values else "" for values in designs)
        columns.append(column(name, texts, 2, right=not _words(values.get(name) for values in designs)))
    columns += [
        column("epochs", (str(len(trial.epochs)) for trial in trials), 3),
        column("time", (_time(trial) for trial in trials), 7),
        column(REASON, (trial.reason for trial in trials), 8, right=False),
    ]
    return [column for column in columns if any(column.texts)]


def _fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns that fit into `width`, leaving out those of the highest rank, the last first.

    Sentences are cut to what is left.
    """
    kept = list(columns)
    over = 0
    while len(kept) > 1 and (over := sum(_least(column) + GAP for column in kept) + 1 - width) > 0:
        worst = max(column.rank for column in kept)
        kept.remove([column for column in kept if column.rank == worst][-1])
    return [_cut(column, _least(column) - over) if column.title == REASON else column for column in kept]


def _least(column: Column) -> int:
    """Return the width that a column needs at least."""
    widest = max(len(text) for text in (column.title, *column.texts))
    return min(widest, LEAST_REASON) if column.title == REASON else widest


def _cut(column: Column, width: int) -> Column:
    texts = (text if len(text) <= width else text[: width - 1] + "…" for text in column.texts)
    return replace(column, texts=tuple(texts))


def _cell(column: Column, row: int, trial: TrialRecord) -> Text:
    return Text(column.texts[row], style=STYLES[trial.state] if column.title == "state" else "")


def _best(study: StudyRecord, trial: TrialRecord) -> dict[str, Any]:
    """Return the smallest objective over the epochs, and the epoch it was reached after."""
    values = [
        (row[study.objective], epoch)
        for epoch, row in enumerate(trial.epochs, start=1)
        if math.isfinite(row.get(study.objective, math.nan))
    ]
    best, epoch = min(values, default=(None, None))
    return {"best": best, "best_epoch": epoch}


def _confirmed(study: StudyRecord, trial: TrialRecord) -> str:
    """Return the mean over a trial's confirmations with half its 95 % interval."""
    values = [again.objective for again in study.confirmations(trial.number) if again.objective is not None]
    if not values:
        return ""
    mean = interval(values)
    return f"{mean.mean:.2f}" + ("" if mean.half is None else f" ±{mean.half:.2f}")


def _summary(study: StudyRecord) -> dict[str, Any]:
    best = study.best
    value = None if best is None else best.objective
    return {
        "study": study.name,
        "objective": study.objective,
        "baseline": study.provenance.baseline,
        "best": value,
        "best_trial": None if best is None else best.number,
        "best_over_baseline": None if value is None else value / study.provenance.baseline,
        "datasets": dict(study.provenance.datasets),
        "code_version": study.provenance.code_version,
    }


def _finite(value: Any) -> Any:
    """Return `value` with null where JSON has no number."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(child) for key, child in value.items()}
        case list():
            return [_finite(child) for child in value]
    return value


def _words(values: Iterable[object]) -> bool:
    return any(isinstance(value, str) for value in values)


def _degrees(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _count(value: int | None) -> str:
    return "" if value is None else str(value)


def _time(trial: TrialRecord) -> str:
    return "" if trial.ended_s is None else duration(trial.ended_s - trial.started_s)


def duration(seconds: float) -> str:
    """Return seconds as a person says them: `47 s`, `3:05`, `2:10:00`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
