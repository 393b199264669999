"""A study as a leaderboard: a table for people, CSV and JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from hpsearch.results.statistics import interval, paired_difference
from hpsearch.study.naming import design, shared_params, short_names, shown
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.pretext import NoPretextConfig

Format = Literal["table", "csv", "json"]

STYLES = {
    TrialState.COMPLETE: "green",
    TrialState.PRUNED: "yellow",
    TrialState.FAILED: "red",
    TrialState.RUNNING: "cyan",
}

WIDTH_WITHOUT_TERMINAL = 200
ANGLES = ("yaw", "pitch", "roll")
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
            return _csv(records(study))
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
    """Return the table for people with the baseline below it."""
    return Group(rows(study, width), Text(verdict(study)))


def rows(study: StudyRecord, width: int, top: int | None = None) -> Table:
    """Return the table alone; `top` keeps its first rows."""
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


def verdict(study: StudyRecord) -> str:
    """Return the line below the table: what the best is worth beside knowing nothing."""
    baseline = f"Always predicting the training mean gives {study.provenance.baseline:.2f}"
    best = study.best
    if best is None or best.objective is None:
        return f"No trial has finished yet. {baseline} {study.objective}."
    ratio = best.objective / study.provenance.baseline
    said = (
        f"Best {study.objective}: {best.objective:.2f} (trial {best.number}). {baseline}: ratio {ratio:.2f}."
    )
    return said + _against_the_plain(study, best)


def _against_the_plain(study: StudyRecord, best: TrialRecord) -> str:
    """Say whether the winner is separable from the best design without a pretext task, by paired seeds."""
    plain = [trial for trial in study.leaderboard() if isinstance(trial.config.pretext, NoPretextConfig)]
    rival = next((trial for trial in plain if study.confirmations(trial.number)), None)
    if rival is None or rival is best:
        return ""
    difference = paired_difference(_by_seed(study, best), _by_seed(study, rival))
    if difference is None or difference.half is None:
        return ""
    word = {-1: "better than", 0: "tied with", 1: "worse than"}[difference.sign or 0]
    return (
        f"\nConfirmed with {difference.n} paired seeds: trial {best.number} is {word} trial {rival.number}, "
        f"the best without a pretext task ({difference.mean:+.2f} ±{difference.half:.2f}, 95 %)."
    )


def _by_seed(study: StudyRecord, trial: TrialRecord) -> dict[int, float]:
    return {
        again.config.seed: again.objective
        for again in study.confirmations(trial.number)
        if again.objective is not None
    }


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
        column("geodesic", (_degrees(row.get("validation/geodesic_deg")) for row in last), 5),
    ]
    for angle in ANGLES:
        metric = f"validation/{angle}_mae_deg"
        columns.append(column(angle, (_degrees(row.get(metric)) for row in last), 5))
    for test in dict.fromkeys(test.name for trial in trials for test in trial.config.data.test):
        metric = f"test/{test}/mae_deg"
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
    """Return the mean over a trial's repetitions with half its 95 % interval."""
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


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


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
