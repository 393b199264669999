"""The leaderboard as a table for a terminal, with the columns that its width has room for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.table import Table
from rich.text import Text

from hpsearch.results.formats import duration, mean_with_half, number
from hpsearch.results.statistics import Interval, interval
from hpsearch.study.naming import design, short_names, shown
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.base.plain_text import terminal_text
from trainables.target.metric import Metric
from trainables.training.metric_names import VALIDATION, group_of_test

STYLES = {
    TrialState.COMPLETE: "green",
    TrialState.FROZEN: "blue",
    TrialState.PRUNED: "yellow",
    TrialState.FAILED: "red",
    TrialState.RUNNING: "cyan",
    TrialState.INTERRUPTED: "magenta",
}

GAP = 2
"""Characters between two columns."""
STATE, REASON = "state", "reason"
LEAST_REASON = 24
"""Characters of the reasons, at least."""


@dataclass(frozen=True)
class Column:
    """One column of the table; where the width does not suffice, those of high `rank` are left out first."""

    title: str
    texts: tuple[str, ...]
    rank: int
    right: bool = True


def columns_of(study: StudyRecord, trials: Sequence[TrialRecord]) -> list[Column]:
    """Return the columns of trials of a study in their order on the screen."""
    return [column for column in _columns(study, trials) if any(column.texts)]


def grid(columns: Sequence[Column], states: Sequence[TrialState], best: int | None, width: int) -> Table:
    """Return the table of the columns that `width` has room for; `best` is the row of the best trial."""
    fitting = _fitting(columns, width)
    made = Table(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), header_style="bold")
    for column in fitting:
        made.add_column(Text(column.title), justify="right" if column.right else "left", no_wrap=True)
    for row, state in enumerate(states):
        style = "bold" if row == best else "" if state is TrialState.COMPLETE else "dim"
        made.add_row(*(_cell(column, row, state) for column in fitting), style=style)
    return made


def best_of_epochs(trial: TrialRecord, objective: Metric) -> tuple[float, int] | tuple[None, None]:
    """Return the best objective after any epoch of a trial and that epoch, from 1."""
    values = [
        (row[objective.name], epoch)
        for epoch, row in enumerate(trial.epochs, start=1)
        if math.isfinite(row.get(objective.name, math.nan))
    ]
    return min(values, key=lambda pair: (objective.cost(pair[0]), pair[1]), default=(None, None))


def _columns(study: StudyRecord, trials: Sequence[TrialRecord]) -> list[Column]:
    names = short_names(study.trials)
    designs = [design(trial, names) for trial in trials]
    bests = [best_of_epochs(trial, study.objective) for trial in trials]
    last = [trial.epochs[-1] if trial.epochs else {} for trial in trials]

    def column(title: str, texts: Iterable[str], rank: int, right: bool = True) -> Column:
        return Column(terminal_text(title), tuple(map(terminal_text, texts)), rank, right)

    columns = [
        column("#", (str(rank) for rank in range(1, len(trials) + 1)), 3),
        column("trial", (str(trial.number) for trial in trials), 0),
        column(STATE, (trial.state.value for trial in trials), 1, right=False),
        column(study.objective.leaf, (number(trial.objective) for trial in trials), 0),
        column("confirmed", (_confirmed(study, trial) for trial in trials), 0),
        column("best", (number(best) for best, _ in bests), 4),
        column("at", (_count(epoch) for _, epoch in bests), 6),
    ]
    for metric in study.spec.costs:
        texts = (
            metric.shown(of[metric.name]) if metric.name in (of := trial.costs) else "" for trial in trials
        )
        columns.append(column(metric.column, texts, 1))
    for metric in study.measures[1:]:
        name = metric.within(VALIDATION).name
        if metric.column and name != study.objective.name:
            columns.append(column(metric.column, (number(row.get(name)) for row in last), 5))
    for test in dict.fromkeys(test.name for trial in trials for test in trial.config.data.test):
        name = study.measures[0].within(group_of_test(test)).name
        columns.append(column(f"test {test}", (_tested(study, trial, name) for trial in trials), 1))
    for name in dict.fromkeys(names.values()):
        texts = (shown(values[name]) if name in values else "" for values in designs)
        columns.append(column(name, texts, 2, right=not _words(values.get(name) for values in designs)))
    columns += [
        column("epochs", (str(len(trial.epochs)) for trial in trials), 3),
        column("time", (_time(trial) for trial in trials), 7),
        column(REASON, (trial.reason for trial in trials), 8, right=False),
    ]
    return columns


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


def _cell(column: Column, row: int, state: TrialState) -> Text:
    return Text(column.texts[row], style=STYLES[state] if column.title == STATE else "")


def _confirmed(study: StudyRecord, trial: TrialRecord) -> str:
    """Return the mean over a trial's confirmations with half its 95 % interval."""
    again = [run.objective for run in study.confirmations(trial.number) if run.objective is not None]
    return mean_with_half(interval(again)) if again else ""


def _tested(study: StudyRecord, trial: TrialRecord, metric: str) -> str:
    """Return a trial's test error: the mean over its confirmations where they were tested, else its own."""
    found = tested(study, trial, metric)
    return number(trial.test.get(metric)) if found is None else mean_with_half(found)


def tested(study: StudyRecord, trial: TrialRecord, metric: str) -> Interval | None:
    """Return the mean of a test error over a trial's confirmations; None where none was tested."""
    values = [run.test[metric] for run in study.confirmations(trial.number) if metric in run.test]
    return interval(values) if values else None


def _words(values: Iterable[object]) -> bool:
    return any(isinstance(value, str) for value in values)


def _count(value: int | None) -> str:
    return "" if value is None else str(value)


def _time(trial: TrialRecord) -> str:
    """Return how long a trial trained; what it waited while it was frozen is left out."""
    if trial.trained_s:
        return duration(trial.trained_s)
    return "" if trial.ended_s is None else duration(trial.ended_s - trial.started_s)
